// GPU_SET_SOCKET, which is for one kind of device only.
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;

class GpuSocket : public ConformanceCase {};

CONFORMANCE_CASE(GpuSocket, IsNotKeptByADeviceThatIsNoGpu,
                 .cites = {Req::GPU_01, Req::FD_04}) {
  if (CurrentRun().device() == "gpu") {
    CurrentCase().SkipCase("the device is a GPU", false);
    GTEST_SKIP() << "the device is a GPU";
  }
  Session& session = StartSession();
  Bait bait;
  EXPECT_THAT(
      Provoke(session, MakeRequest(Request::GPU_SET_SOCKET), bait.fds()),
      IsSurvived());
  EXPECT_TRUE(bait.Released());
}

}  // namespace
}  // namespace vuspec
