#pragma once
// What stands in a checkpoint of a run, and how: a record of io/ with states below prefixes. Not part of the public surface.
//
//   model/PATH                  parameters and buffers
//   optimizer/NAME, ema/NAME    arrays of states; their numbers, in one array, at optimizer/#
//   texts                       "learner.step", "learner.train_loader", ...; "learner.state.optimizer" has a state's kind and
//                               the names of its numbers, a line each

#include <optional>

#include <fornax/io/checkpoint.hpp>
#include <fornax/optim/gradients.hpp>
#include <fornax/optim/state.hpp>

namespace fornax::train::detail {

void put_state(io::Record& to, const std::string& prefix, const optim::State& state);
/// Nothing if there is none. Throws FormatError if it is not whole.
std::optional<optim::State> find_state(const io::Record& from, const std::string& prefix);

void put_number(io::Record& to, const std::string& name, std::uint64_t value);
/// Throws FormatError if there is no such number or text.
std::uint64_t get_number(const io::Record& from, const std::string& name);
void put_text(io::Record& to, const std::string& name, std::string text);
const std::string& get_text(const io::Record& from, const std::string& name);

/// Arrays below a prefix, without it.
io::NamedArrays arrays_below(const io::Record& from, const std::string& prefix);

/// The model's weights, with averages in the place of those that have one.
io::NamedArrays weights_in(const io::Record& from);

}  // namespace fornax::train::detail
