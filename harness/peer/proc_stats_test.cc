#include "harness/peer/proc_stats.h"

#include <sys/mman.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace vuspec {
namespace {

TEST(ResourceUse, AMappingMadeSinceIsSeen) {
  constexpr std::size_t kSize = std::size_t{1} << 20;
  const auto known = ReadResourceUse(::getpid());
  ASSERT_TRUE(known.has_value());
  void* mapping = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(mapping, MAP_FAILED);
  const auto now = ReadResourceUse(::getpid(), *known);
  ::munmap(mapping, kSize);
  ASSERT_TRUE(now.has_value());
  EXPECT_EQ(now->shared_mapping_count, known->shared_mapping_count + 1);
}

TEST(ResourceUse, TheMappingsOfAnUnchangedSizeAreTakenAsKnown) {
  auto known = ReadResourceUse(::getpid());
  ASSERT_TRUE(known.has_value());
  known->mapping_count = 12345;
  const auto now = ReadResourceUse(::getpid(), *known);
  ASSERT_TRUE(now.has_value());
  EXPECT_EQ(now->mapping_count, 12345);
  EXPECT_EQ(now->fd_count, known->fd_count);
}

TEST(ResourceUse, NobodyHasNone) {
  EXPECT_FALSE(ReadResourceUse(0x7fff'ffff).has_value());
}

}  // namespace
}  // namespace vuspec
