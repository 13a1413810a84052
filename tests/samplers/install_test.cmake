# Builds the example of the library as an outside project would, run by CTest as
#   cmake -DSOURCE=<source tree> -DBUILD=<build tree> -DWORK=<scratch folder>
#         -DUSE=installed|subdirectory -P install_test.cmake
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\nended with ${result}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

load_cache(${BUILD} READ_WITH_PREFIX build_
  CMAKE_GENERATOR CMAKE_CXX_COMPILER CMAKE_BUILD_TYPE CMAKE_CXX_FLAGS CMAKE_CXX_FLAGS_DEBUG
  CMAKE_CXX_FLAGS_RELEASE HD_CCACHE HD_SANITIZE)
set(settings -G ${build_CMAKE_GENERATOR} -DCMAKE_CXX_COMPILER=${build_CMAKE_CXX_COMPILER})
file(REMOVE_RECURSE ${WORK})

if(USE STREQUAL "installed")
  run(${CMAKE_COMMAND} --install ${BUILD} --component library --prefix ${WORK}/prefix)
  # Moved, so that nothing depends on the place it was installed to first.
  file(RENAME ${WORK}/prefix ${WORK}/moved)
  # Eigen is needed to compile the Bayesian sampler, never to use the library.
  file(GLOB_RECURSE installed ${WORK}/moved/*.h ${WORK}/moved/*.cmake)
  foreach(file ${installed})
    file(STRINGS ${file} lines REGEX "include.*[Ee]igen|Eigen3")
    if(lines)
      message(FATAL_ERROR "${file} needs Eigen: ${lines}")
    endif()
  endforeach()
  list(APPEND settings -DCMAKE_DISABLE_FIND_PACKAGE_Eigen3=ON)
  # What the library was compiled with, for the sake of sanitizers and coverage.
  set(flags "${build_CMAKE_CXX_FLAGS}")
  if(build_HD_SANITIZE)
    string(APPEND flags " -fsanitize=${build_HD_SANITIZE}")
  endif()
  list(APPEND settings -DCMAKE_PREFIX_PATH=${WORK}/moved
    -DCMAKE_BUILD_TYPE=${build_CMAKE_BUILD_TYPE} "-DCMAKE_CXX_FLAGS=${flags}"
    "-DCMAKE_CXX_FLAGS_DEBUG=${build_CMAKE_CXX_FLAGS_DEBUG}"
    "-DCMAKE_CXX_FLAGS_RELEASE=${build_CMAKE_CXX_FLAGS_RELEASE}")
else()
  # Compiles the library once more: without optimisation or debug information, for speed.
  list(APPEND settings -DHDRIVE_SOURCE=${SOURCE} -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=)
  if(build_HD_CCACHE)
    list(APPEND settings -DCMAKE_CXX_COMPILER_LAUNCHER=${build_HD_CCACHE})
  endif()
endif()

# The example is copied out: nothing of the source tree may be found by accident.
file(COPY ${SOURCE}/examples/tuning_loop DESTINATION ${WORK}/outside)
run(${CMAKE_COMMAND} -S ${WORK}/outside/tuning_loop -B ${WORK}/example ${settings})
run(${CMAKE_COMMAND} --build ${WORK}/example --target tuning_loop)
run(${WORK}/example/tuning_loop)
if(NOT output MATCHES "after 40 trials: loss 0\\.00")
  message(FATAL_ERROR "unexpected output:\n${output}")
endif()
