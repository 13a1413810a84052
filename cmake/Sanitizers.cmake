if(HD_SANITIZE)
  add_compile_options(-fsanitize=${HD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${HD_SANITIZE})
endif()
