// Commands for the GPU of the mock. Test code only.
#ifndef VUSPEC_HARNESS_BACKEND_GPU_TEST_SUPPORT_H_
#define VUSPEC_HARNESS_BACKEND_GPU_TEST_SUPPORT_H_

#include <array>
#include <cstdint>

#include "harness/backend/test_frontend.h"
#include "harness/memory/shared_access.h"

namespace vuspec {

struct GpuCommand {
  std::uint32_t type = 0;
  std::uint32_t resource = 0;
  std::uint32_t flags = 0;
  std::uint32_t fence = 0;
  std::uint32_t format = 1;
};

// What was written behind one, as 32-bit numbers; empty for a command that did
// not come back. REQUIRES: ring 0 is at work.
inline std::vector<std::uint32_t> GpuAnswer(TestFrontend& frontend,
                                            const GpuCommand& command,
                                            std::uint32_t room = 512) {
  const std::array<std::uint32_t, 10> words = {command.type,
                                               command.flags,
                                               command.fence,
                                               0,
                                               0,
                                               0,
                                               command.resource,
                                               command.format,
                                               16,
                                               16};
  const GuestBuffer sent = *frontend.memory().Allocate(sizeof(words), 16);
  const GuestBuffer answer = *frontend.memory().Allocate(room, 16);
  CopyOut(sent.bytes.data(), std::as_bytes(std::span(words)));
  const std::array<Segment, 2> chain = {
      Segment{sent.guest_address, sizeof(words), false},
      Segment{answer.guest_address, room, true}};
  EXPECT_TRUE(frontend.ring(0).driver.AddChain(chain).ok());
  frontend.ring(0).driver.Publish();
  frontend.ring(0).kick.Signal();
  const auto done = frontend.Reap(0);
  if (!done) return {};
  std::vector<std::uint32_t> written(done->length / sizeof(std::uint32_t));
  CopyIn(std::as_writable_bytes(std::span(written)), answer.bytes.data());
  return written;
}

// The type of the answer; 0 for none.
inline std::uint32_t AskGpu(TestFrontend& frontend, const GpuCommand& command) {
  const auto answer = GpuAnswer(frontend, command);
  return answer.empty() ? 0 : answer[0];
}

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_GPU_TEST_SUPPORT_H_
