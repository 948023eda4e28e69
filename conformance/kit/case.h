// How a conformance case is written.
//
//   CONFORMANCE_SUITE(RingLifecycle);
//
//   // Ring states: GET_VRING_BASE stops the ring.
//   CONFORMANCE_CASE(RingLifecycle, GetVringBaseStopsTheRing,
//                    .cites = {Req::GBASE_02}, .needs = {.io = true}) {
//     Session& session = StartDevice();
//     ...
//   }
//
// A suite is declared once, in the one file that holds its cases. The name of a
// case is a sentence that is true of a conforming peer; `cites` must not be
// empty; `needs` unmet skips the case and names the feature. GoogleTest is the
// registry: filters, shards and listeners are its own.
#ifndef VUSPEC_CONFORMANCE_KIT_CASE_H_
#define VUSPEC_CONFORMANCE_KIT_CASE_H_

#include "conformance/kit/fixture.h"
#include "conformance/kit/matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/suite/catalog.h"
#include "protocol/features.h"
#include "protocol/requirement.h"

#define CONFORMANCE_SUITE(suite) \
  class suite : public ::vuspec::ConformanceCase {}

#define CONFORMANCE_CASE(suite, name, ...)                         \
  [[maybe_unused]] static const int vu_case_##suite##_##name =     \
      ::vuspec::RegisterCase(::vuspec::CaseInfo{                   \
          .id = #suite "." #name, __VA_ARGS__, .file = __FILE__}); \
  TEST_F(suite, name)

#endif  // VUSPEC_CONFORMANCE_KIT_CASE_H_
