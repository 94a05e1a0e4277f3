"""Settings of single cameras: the topic `cameras`, read by the supervisor and written by people."""
