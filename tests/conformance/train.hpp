#pragma once
// Cases that are whole runs: of an optimizer, of a learning rate.

#include <memory>

#include <fornax/optim/optim.hpp>

#include "run_case.hpp"

namespace fornax::conformance {

/// The optimizer and the schedule that a case describes, with torch's names and defaults. Throws Absent for a kind that
/// the library has not.
std::unique_ptr<optim::Optimizer> optimizer_of(const Attrs& settings);
optim::Schedule schedule_of(const Attrs& settings);

/// Trains a network and compares losses, final weights, norms and rates. Throws Mismatch or Absent; `largest` becomes the
/// largest difference.
void check_training(const Case& c, const Setup& s, double& largest);
/// Compares rates (and momenta) step by step.
void check_schedule(const Case& c, double& largest);

}  // namespace fornax::conformance
