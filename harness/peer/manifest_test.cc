#include "harness/peer/manifest.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/features.h"

namespace vuspec {
namespace {

using protocol::Mask;
using protocol::ProtocolFeature;
using protocol::VirtioFeature;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr char kMinimal[] =
    "name = 'p'\n[spawn]\nargv = ['prog', '--s={socket}']\n";

std::string ErrorOf(const std::string& text) {
  const auto manifest = ParseManifest(text, "dir/p.toml");
  EXPECT_EQ(manifest.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(manifest.status().message());
}

TEST(Manifest, MinimalHasTheDefaults) {
  const auto manifest = ParseManifest(kMinimal, "p.toml");
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->name, "p");
  EXPECT_EQ(manifest->role, "backend");
  EXPECT_EQ(manifest->device, "generic");
  EXPECT_EQ(manifest->spawn.ready, Ready::kListening);
  EXPECT_EQ(manifest->spawn.stdin_mode, StdinMode::kNull);
  EXPECT_EQ(manifest->after_disconnect, Life::kStays);
  EXPECT_EQ(manifest->second_connection, SecondConnection::kUnknown);
  EXPECT_EQ(manifest->claims.queue_count, std::nullopt);
  EXPECT_FALSE(manifest->data.polled);
}

TEST(Manifest, EveryKeyArrives) {
  const auto manifest = ParseManifest(
      "name = 'p'\nrole = 'frontend'\ndevice = 'vsock'\n"
      "[spawn]\nargv = ['prog', '{socket}', '{dir}']\nready = 'dials'\n"
      "stdin = 'open'\nafter_disconnect = 'redials'\n"
      "second_connection = 'closed'\nenv = { A = '1' }\n"
      "[[spawn.files]]\npath = 'a/b'\nsize = 4096\n"
      "[claims]\nprotocol = ['MQ', 'CONFIG']\nvirtio = ['VERSION_1']\n"
      "queues = 3\n"
      "[limits]\nmemory_mib = 64\ncpu_seconds = 5\ndeadline_ms = 100\n"
      "start_ms = 200\nstop_ms = 300\n"
      "[data]\npolled = true\nio = 'loop'\n"
      "[gate]\nlevel = 'should'\nexpectations = 'p.expect.toml'\n",
      "dir/p.toml");
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->role, "frontend");
  EXPECT_EQ(manifest->device, "vsock");
  EXPECT_THAT(manifest->spawn.argv, ElementsAre("prog", "{socket}", "{dir}"));
  EXPECT_THAT(manifest->spawn.env, ElementsAre(Pair("A", "1")));
  EXPECT_EQ(manifest->spawn.ready, Ready::kDials);
  EXPECT_EQ(manifest->spawn.stdin_mode, StdinMode::kOpen);
  EXPECT_EQ(manifest->after_disconnect, Life::kRedials);
  EXPECT_EQ(manifest->second_connection, SecondConnection::kClosed);
  ASSERT_EQ(manifest->spawn.files.size(), 1U);
  EXPECT_EQ(manifest->spawn.files[0].path, "a/b");
  EXPECT_EQ(manifest->spawn.files[0].size, 4096U);
  EXPECT_EQ(manifest->claims.protocol_features,
            Mask(ProtocolFeature::MQ, ProtocolFeature::CONFIG));
  EXPECT_EQ(manifest->claims.virtio_features, Mask(VirtioFeature::VERSION_1));
  EXPECT_EQ(manifest->claims.queue_count, 3);
  EXPECT_EQ(manifest->limits.memory_mib, 64U);
  EXPECT_EQ(manifest->limits.cpu.count(), 5);
  EXPECT_EQ(manifest->limits.deadline.count(), 100);
  EXPECT_EQ(manifest->limits.start.count(), 200);
  EXPECT_EQ(manifest->limits.stop.count(), 300);
  EXPECT_TRUE(manifest->data.polled);
  EXPECT_EQ(manifest->data.io, "loop");
  EXPECT_EQ(manifest->gate.level, "should");
  EXPECT_EQ(manifest->gate.expectations, "dir/p.expect.toml");
  EXPECT_EQ(manifest->source, "dir/p.toml");
}

TEST(Manifest, UnknownKeysAreErrorsInEveryTable) {
  const std::string base = kMinimal;
  EXPECT_THAT(ErrorOf("nmae = 'x'\n" + base),
              HasSubstr("dir/p.toml:1:1: nmae: unknown key; known here: "
                        "claims, data, device, gate, limits, name, role"));
  EXPECT_THAT(ErrorOf(base + "redy = 'dials'\n"),
              HasSubstr("dir/p.toml:4:1: spawn.redy: unknown key"));
  EXPECT_THAT(ErrorOf(base + "[[spawn.files]]\npath = 'a'\nbytes = 1\n"),
              HasSubstr("spawn.files.bytes: unknown key"));
  for (const std::string table : {"claims", "limits", "data", "gate"}) {
    EXPECT_THAT(ErrorOf(base + "[" + table + "]\nx = 1\n"),
                HasSubstr("dir/p.toml:5:1: " + table + ".x: unknown key"));
  }
}

TEST(Manifest, WhatIsMissingIsNamed) {
  EXPECT_THAT(ErrorOf("[spawn]\nargv = ['{socket}']\n"), HasSubstr("name"));
  EXPECT_THAT(ErrorOf("name = 'p'\n"), HasSubstr("spawn: is missing"));
  EXPECT_THAT(ErrorOf("name = 'p'\n[spawn]\n"), HasSubstr("spawn.argv"));
  EXPECT_THAT(ErrorOf("name = 'p'\n[spawn]\nargv = ['prog']\n"),
              HasSubstr("must pass {socket}"));
}

TEST(Manifest, FeatureNamesMustExist) {
  EXPECT_THAT(
      ErrorOf(std::string(kMinimal) + "[claims]\nprotocol = ['REPLY_ACKS']\n"),
      HasSubstr("p.toml:5:12: claims.protocol: no feature is called "
                "\"REPLY_ACKS\""));
}

TEST(Manifest, FilesStayInTheScratchFolder) {
  for (const std::string path : {"../x", "/etc/x", "a/../../x", ""}) {
    EXPECT_THAT(ErrorOf(std::string(kMinimal) + "[[spawn.files]]\npath = '" +
                        path + "'\n"),
                HasSubstr("must be a path inside {dir}"))
        << path;
  }
}

TEST(Manifest, LifeAndReadinessMustFit) {
  EXPECT_THAT(ErrorOf(std::string(kMinimal) + "ready = 'dials'\n"),
              HasSubstr("either redials or exits"));
  EXPECT_THAT(ErrorOf(std::string(kMinimal) + "after_disconnect = 'redials'\n"),
              HasSubstr("only a peer that dials"));
}

TEST(Manifest, ACommandIsAManifest) {
  const auto manifest =
      ManifestFromCommand({"/opt/bin/dev", "--socket={socket}", "-v"});
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  EXPECT_EQ(manifest->name, "dev");
  EXPECT_EQ(manifest->after_disconnect, Life::kLearned);
  EXPECT_THAT(manifest->spawn.argv,
              ElementsAre("/opt/bin/dev", "--socket={socket}", "-v"));
}

TEST(Manifest, ACommandWithoutSocketIsAUsageError) {
  const auto status = ManifestFromCommand({"dev", "--socket"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("lacks {socket}"));
  EXPECT_FALSE(ManifestFromCommand({}).ok());
}

TEST(Manifest, SubstitutionKeepsOtherBraces) {
  EXPECT_EQ(
      Substitute("{\"path\":\"{socket}\",\"d\":\"{dir}{dir}\"}", "/s", "/d"),
      "{\"path\":\"/s\",\"d\":\"/d/d\"}");
}

TEST(Manifest, ThoseOfTheProjectLoad) {
  for (const std::string name :
       {"qemu-storage-daemon", "testpmd", "virtiofsd"}) {
    const auto manifest =
        LoadManifest(std::string(VU_PEERS_DIR) + "/" + name + ".toml");
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    EXPECT_EQ(manifest->name, name);
  }
}

}  // namespace
}  // namespace vuspec
