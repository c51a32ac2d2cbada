#include "example.hpp"

int main(int argc, char** argv) { return examples::run_main(examples::all().at(0), argc, argv); }
