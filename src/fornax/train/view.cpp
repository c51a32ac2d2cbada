#include <fornax/train/view.hpp>

namespace fornax::train {

const char* name_of(Split split) {
  switch (split) {
    case Split::Train: return "train";
    case Split::Valid: return "valid";
    case Split::Test: return "test";
  }
  return "unknown";
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Finished: return "finished";
    case Outcome::StoppedEarly: return "stopped early";
    case Outcome::Stopped: return "stopped";
    case Outcome::Interrupted: return "interrupted";
    case Outcome::Failed: return "failed";
  }
  return "unknown";
}

}  // namespace fornax::train
