// gtest_main, plus the toys, which nobody but the runner may run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/suite/toy_cases.h"

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  vuspec::RegisterToyCases();
  const std::string& filter = GTEST_FLAG_GET(filter);
  if (filter == "*") GTEST_FLAG_SET(filter, "*-Toy.*:Other.*");
  return RUN_ALL_TESTS();
}
