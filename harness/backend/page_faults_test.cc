// What the mock does about memory that arrives late, where no conformance case
// looks: messages out of order, and the end of those who should serve pages.
#include "harness/backend/page_faults.h"

#include <fcntl.h>

#include <memory>
#include <optional>

#include "gtest/gtest.h"
#include "harness/backend/test_frontend.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

using protocol::MemoryTable;
using protocol::ProtocolFeature;
using protocol::Request;

class PageFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Userfault::Allowed().ok()) GTEST_SKIP() << Userfault::Allowed();
    StartSession();
  }

  void StartSession() {
    frontend_.emplace(*server_);
    frontend_->Negotiate(
        TestFrontend::kFeatures,
        TestFrontend::kProtocolFeatures | Mask(ProtocolFeature::PAGEFAULT));
  }
  UniqueFd Advise() {
    TestAnswer answer = frontend_->Ask(Request::POSTCOPY_ADVISE);
    EXPECT_EQ(answer.fds.size(), 1u);
    return answer.fds.empty() ? UniqueFd() : std::move(answer.fds[0]);
  }
  // Up to a request whose ring is missing.
  UniqueFd WaitForAPage() {
    UniqueFd userfault = Advise();
    EXPECT_FALSE(frontend_->Tell(Request::POSTCOPY_LISTEN).refused());
    frontend_->ShareMemory();
    EXPECT_EQ(frontend_->Await().payload.size(), 40u);
    frontend_->Send(Request::SET_MEM_TABLE, MemoryTable{});
    frontend_->Prepare(0);
    frontend_->Enable(0);
    const GuestRegion& region = frontend_->memory().regions()[0];
    EXPECT_EQ(::fallocate(region.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                          0, static_cast<off_t>(region.size)),
              0);
    frontend_->Kick(0);
    EXPECT_TRUE(WaitReadable(userfault.get(), Soon()).ok());
    return userfault;
  }

  std::unique_ptr<TestServer> server_ = std::make_unique<TestServer>();
  std::optional<TestFrontend> frontend_;
};

TEST_F(PageFaultsTest, MemoryThatIsSharedCannotBeListenedFor) {
  frontend_->ShareMemory();
  Advise();
  EXPECT_TRUE(frontend_->Tell(Request::POSTCOPY_LISTEN).refused());
}

TEST_F(PageFaultsTest, AnotherAdviceEndsTheOneBefore) {
  Advise();
  EXPECT_FALSE(frontend_->Tell(Request::POSTCOPY_LISTEN).refused());
  EXPECT_TRUE(Userfault::IsOne(Advise()));
  frontend_->ShareMemory();
  EXPECT_TRUE(frontend_->Fence());
}

TEST_F(PageFaultsTest, NoPageIsAwaitedWhenTheConnectionHasEnded) {
  const UniqueFd userfault = WaitForAPage();
  frontend_.reset();
  StartSession();
  EXPECT_TRUE(frontend_->Fence());
}

TEST_F(PageFaultsTest, NoPageIsAwaitedWhenTheServerIsStopped) {
  const UniqueFd userfault = WaitForAPage();
  EXPECT_TRUE(server_->server().Stop().ok());
}

}  // namespace
}  // namespace vuspec
