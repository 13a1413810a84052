// What is particular to hosts reached over SSH, with real servers.
