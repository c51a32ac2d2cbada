// expect: a config holds bools, numbers, strings, enums with FORNAX_ENUM, configs
#include <fornax/fornax.hpp>

using namespace fornax;

struct Config {
  const int* pointer = nullptr;
  FORNAX_CONFIG(Config, pointer)
};

int main() { Config().to_json(); }
