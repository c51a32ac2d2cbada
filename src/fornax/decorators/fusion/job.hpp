#pragma once
// What of a group runs when one of its results is read, and what goes on waiting.

#include <vector>

#include <fornax/decorators/fusion/group.hpp>

namespace fornax::fusion {

/// Those instructions whose results somebody can still read, and what these are made of.
///
/// Not all of these results are written. One that a tape may hold, that has served others of the group already, and that is cheap to
/// compute again from no more memory than it would take itself, and which is held anyway, goes on waiting in a group of its own:
/// backward then computes it in the cache. No instruction runs a third time: with the second, what is still held is written.
struct Job {
  fused::Program program;
  std::vector<Spec> results;
  std::vector<fused::Value> slots;  // of the results
  bool row_major = false;           // some result is, or has been, read under another shape

  struct Moved {
    fused::Value from, to;
  };
  Ref<Group> rest;                  // what goes on waiting; empty if nothing does
  std::vector<Moved> moved;         // whose readers go to which slot of it
  std::vector<fused::Value> known;  // slots whose results become its last inputs

  /// Once the results are there: takes the readers of what waits over into `rest`; false if there are none.
  bool leave(Group& group, const Arrays& results_there) noexcept;
};

/// The job of reading `asked`, or everything if that is null. Lets go of inputs that neither the job nor its rest reads.
Job job_of(Group& group, const LazyBody* asked);

}  // namespace fornax::fusion
