#include <fornax/fornax.hpp>

int main() {}
