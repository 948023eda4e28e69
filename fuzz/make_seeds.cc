// make_seeds WIRE_FOLDER OUT_FOLDER: writes OUT_FOLDER/<fuzzer>/<seed>, before
// minimising (fuzz/minimise keeps those that add something).
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/seeds.h"

namespace {

namespace fs = std::filesystem;
using vuspec::fuzz::Seed;

bool WriteSeeds(const fs::path& folder, const std::vector<Seed>& seeds) {
  fs::create_directories(folder);
  return std::ranges::all_of(seeds, [&](const Seed& seed) {
    std::ofstream file(folder / seed.name, std::ios::binary);
    for (const std::uint8_t byte : seed.bytes) {
      file.put(static_cast<char>(byte));
    }
    file.close();
    if (!file) std::fprintf(stderr, "%s: not written\n", seed.name.c_str());
    return static_cast<bool>(file);
  });
}

bool WriteWireSeeds(const fs::path& path, const fs::path& out) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto parsed = vuspec::protocol::ParseVu(text);
  if (parsed.error) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(),
                 ToString(*parsed.error).c_str());
    return false;
  }
  const std::string name = path.stem().string();
  return WriteSeeds(out / "vu_file", {{name, {text.begin(), text.end()}}}) &&
         WriteSeeds(out / "reply",
                    vuspec::fuzz::ReplySeeds(name, parsed.file)) &&
         WriteSeeds(out / "framer",
                    vuspec::fuzz::FramerSeeds(name, parsed.file)) &&
         WriteSeeds(out / "frontend",
                    vuspec::fuzz::FrontendSeeds(name, parsed.file));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: make_seeds WIRE_FOLDER OUT_FOLDER\n");
    return 2;
  }
  const fs::path out(argv[2]);
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(argv[1], error)) {
    if (entry.path().extension() != ".vu") continue;
    if (!WriteWireSeeds(entry.path(), out)) return 1;
  }
  if (error) {
    std::fprintf(stderr, "%s: %s\n", argv[1], error.message().c_str());
    return 1;
  }
  const bool written =
      WriteSeeds(out / "reply", vuspec::fuzz::ReplyTableSeeds()) &&
      WriteSeeds(out / "frontend", vuspec::fuzz::FrontendTableSeeds()) &&
      WriteSeeds(out / "split_ring", vuspec::fuzz::SplitRingSeeds());
  return written ? 0 : 1;
}
