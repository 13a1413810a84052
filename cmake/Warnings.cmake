# hd_target(NAME): the flags every target of ours gets. Third-party headers come in as system includes.
function(hd_target name)
  target_compile_options(${name} PRIVATE
    -Wall -Wextra -Wpedantic
    -Wshadow              # a second variable of the same name is a bug waiting
    -Wnon-virtual-dtor    # deleting through such a base is undefined
    -Wold-style-cast      # casts must say what they do
    -Woverloaded-virtual  # hides a virtual function by mistake
    -Wcast-align -Wformat=2
    # GCC 12 raises these wrongly where std::string and std::variant are inlined (its bugs 105651 and
    # 105562); the sanitizers and clang-tidy watch for the real ones.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-maybe-uninitialized -Wno-array-bounds>
    $<$<BOOL:${HD_WARNINGS_AS_ERRORS}>:-Werror>)
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/hdrive>)
endfunction()

# hd_library(NAME SOURCES...): one static library of a folder.
function(hd_library name)
  add_library(${name} STATIC ${ARGN})
  hd_target(${name})
endfunction()
