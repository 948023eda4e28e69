// What feeds the fuzzers: records, the mutator, the dictionaries.
#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fuzz/dictionary.h"
#include "fuzz/frontend_input.h"
#include "fuzz/operations.h"
#include "fuzz/record_mutator.h"
#include "fuzz/records.h"
#include "fuzz/seeds.h"
#include "gtest/gtest.h"

namespace vuspec::fuzz {
namespace {

std::string Content(const std::string& name) {
  std::ifstream file(std::string(VU_FUZZ_DIR "/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DictionaryTest, TheFilesSayWhatTheTablesSay) {
  // After a change of the table: make_dictionary fuzz
  EXPECT_EQ(Content("vhost_user.dict"), MessageDictionary());
  EXPECT_EQ(Content("vu_file.dict"), VuDictionary());
}

TEST(InputTest, PastTheEndThereIsNothing) {
  const std::array<std::uint8_t, 3> bytes = {1, 2, 3};
  Input input(bytes);
  EXPECT_EQ(input.Take<std::uint16_t>(), 0x201);
  EXPECT_EQ(input.Take<std::uint32_t>(), 3u);
  EXPECT_TRUE(input.empty());
  EXPECT_EQ(input.Take<std::uint64_t>(), 0u);
  EXPECT_TRUE(input.TakeBytes(5).empty());
}

TEST(RecordsTest, AreReadAsTheyWereAppended) {
  std::vector<std::uint8_t> bytes;
  const std::array<std::uint8_t, 2> payload = {7, 8};
  AppendRecord(bytes, 3, payload);
  AppendRecord(bytes, 4, {});
  const Records records(bytes);
  ASSERT_EQ(records.all().size(), 2u);
  EXPECT_EQ(records.all()[0].kind, 3);
  EXPECT_TRUE(std::ranges::equal(records.all()[0].payload, payload));
  EXPECT_EQ(records.all()[1].kind, 4);
  EXPECT_TRUE(records.all()[1].payload.empty());
}

TEST(RecordsTest, ACutRecordHasWhatIsThere) {
  const std::array<std::uint8_t, 3> bytes = {9, 200, 1};
  const Records records(bytes);
  ASSERT_EQ(records.all().size(), 1u);
  EXPECT_EQ(records.all()[0].payload.size(), 1u);
}

std::size_t CountUp(std::uint8_t* data, std::size_t size, std::size_t) {
  for (std::size_t i = 0; i < size; ++i) ++data[i];
  return size;
}

constexpr std::array<std::uint8_t, 3> kKinds = {1, 2, 0x80};

std::vector<std::uint8_t> Mutated(std::vector<std::uint8_t> input,
                                  std::size_t size_max, unsigned seed) {
  const std::size_t size = input.size();
  input.resize(size_max);
  input.resize(
      MutateRecords({2, kKinds}, CountUp, input.data(), size, size_max, seed));
  return input;
}

std::vector<std::uint8_t> ThreeRecords() {
  std::vector<std::uint8_t> input = {0xaa, 0xbb};
  for (const std::uint8_t kind : kKinds) AppendRecord(input, kind, kKinds);
  return input;
}

TEST(RecordMutatorTest, HalfOfTheTimeOnlyBytesChange) {
  auto expected = ThreeRecords();
  for (std::uint8_t& byte : expected) ++byte;
  EXPECT_EQ(Mutated(ThreeRecords(), 64, 1), expected);
}

TEST(RecordMutatorTest, OtherwiseTheResultIsAListOfRecords) {
  std::vector<std::vector<std::uint8_t>> seen;
  for (unsigned seed = 0; seed < 400; seed += 2) {
    const auto input = Mutated(ThreeRecords(), 64, seed);
    ASSERT_GE(input.size(), 2u);
    EXPECT_EQ(input[0], 0xaa);
    const Records records(Bytes(input).subspan(2));
    std::vector<std::uint8_t> again = {0xaa, 0xbb};
    for (const Record& record : records.all()) {
      AppendRecord(again, record.kind, record.payload);
    }
    EXPECT_EQ(again, input) << seed;
    seen.push_back(input);
  }
  // Inserting, erasing, repeating, swapping: no few results.
  EXPECT_GT(std::set(seen.begin(), seen.end()).size(), 30u);
}

TEST(RecordMutatorTest, TheSeedDecidesAndTheLimitHolds) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    const auto input = Mutated(ThreeRecords(), 20, seed);
    EXPECT_LE(input.size(), 20u);
    EXPECT_EQ(Mutated(ThreeRecords(), 20, seed), input);
  }
}

TEST(SeedsTest, EveryOperationHasOne) {
  std::vector<bool> used(kFrontendOperationCount);
  for (const Seed& seed : FrontendTableSeeds()) {
    const Records records(Bytes(seed.bytes).subspan(kFrontendHeadSize));
    for (const Record& record : records.all()) {
      if ((record.kind & kDeliveryBit) == 0) used[record.kind] = true;
    }
  }
  EXPECT_EQ(std::ranges::count(used, false), 0);
}

}  // namespace
}  // namespace vuspec::fuzz
