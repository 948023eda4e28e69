// make_dictionary FOLDER: writes vhost_user.dict and vu_file.dict there.
#include <cstdio>
#include <fstream>
#include <string>

#include "fuzz/dictionary.h"

namespace {

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_dictionary FOLDER\n");
    return 2;
  }
  const std::string folder(argv[1]);
  const bool written =
      WriteFile(folder + "/vhost_user.dict",
                vuspec::fuzz::MessageDictionary()) &&
      WriteFile(folder + "/vu_file.dict", vuspec::fuzz::VuDictionary());
  return written ? 0 : 1;
}
