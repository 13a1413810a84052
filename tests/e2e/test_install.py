"""hdrive as others use it: installed, found by find_package, or as a subdirectory."""
import os
import subprocess
import unittest

from harness import ROOT, SCORE, WorkspaceTest

MAIN = """
#include <hdrive/hdrive.h>
#include <iostream>
int main() {
  hd::ParameterSpace space{{"x", hd::uniform(0, 1)}};
  hd::TuningLoop loop(space, hd::RandomSampling{.seed = 7}, {.metric = "y", .goal = hd::Goal::minimize});
  for (int i = 0; i < 20; ++i)
    for (const hd::Trial& t : loop.ask(1)) loop.tell(t.id, 1.0);
  std::cout << loop.best().value << "\\n";
}
"""


class Install(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.build = os.path.dirname(os.path.dirname(self.hdrive))
        if not os.path.exists(os.path.join(self.build, "CMakeCache.txt")):
            self.skipTest("the program does not lie in a build folder")
        with open(os.path.join(self.build, "CMakeCache.txt")) as file:
            if "HD_SANITIZE:STRING=\n" not in file.read():
                self.skipTest("a sanitizer build is not what is installed")
        self.prefix = os.path.join(self.folder, "prefix")
        self.call("cmake", "--install", self.build, "--prefix", self.prefix)

    def call(self, *words, **more):
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              universal_newlines=True, **more)
        self.assertEqual(done.returncode, 0, "%s\n%s" % (" ".join(words), done.stdout[-6000:]))
        return done.stdout

    def configure_and_build(self, source, *options):
        target = os.path.join(self.folder, "outside")
        self.call("cmake", "-S", source, "-B", target, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                  "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", *options)
        self.call("cmake", "--build", target)
        return target

    def test_installed_program_finds_its_parts(self):
        self.hdrive = os.path.join(self.prefix, "bin", "hdrive")
        self.write("train.py", SCORE)
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        self.assertEqual(self.sweep("train.py")["status"], "Completed")

    def test_example_builds_against_the_installed_library(self):
        target = self.configure_and_build(
            os.path.join(ROOT, "examples", "tuning_loop"), "-DCMAKE_PREFIX_PATH=" + self.prefix
        )
        programs = [os.path.join(target, name) for name in os.listdir(target)]
        programs = [path for path in programs if os.path.isfile(path) and os.access(path, os.X_OK)]
        self.assertEqual(len(programs), 1, programs)
        self.assertTrue(self.call(programs[0]).strip())

    def test_library_as_a_subdirectory_needs_no_program_packages(self):
        self.write("main.cc", MAIN)
        self.write(
            "CMakeLists.txt",
            """
            cmake_minimum_required(VERSION 3.25)
            project(outside LANGUAGES CXX)
            set(HD_BUILD_CLI OFF)
            add_subdirectory(%s hdrive)
            add_executable(outside main.cc)
            target_link_libraries(outside PRIVATE hdrive::hdrive)
            """ % ROOT,
        )
        target = self.configure_and_build(self.project)
        self.assertEqual(self.call(os.path.join(target, "outside")).strip(), "1")


if __name__ == "__main__":
    unittest.main()
