#pragma once

namespace fornax {

/// How many threads the kernels share that the calling thread starts; other threads keep theirs. Results are the same for
/// every number. A program's own threads do well with 1 each, as their kernels would compete for the processor.
///
/// Errors: ValueError below 1.
void set_num_threads(int threads);
int num_threads();

}  // namespace fornax
