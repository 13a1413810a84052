#include "cli/program.h"

int main(int argc, char** argv) { return hd::run_program(argc, argv); }
