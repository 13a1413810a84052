if(TARGET hd_supervisor)
  hd_fuzzer(fuzz_metric_line LIBRARIES hd_supervisor hd_supervisor_protocol)
endif()
