// Fuzzes the .vu text format: any text is read or refused with a place and an
// expectation, and what was read survives being written and read again.
#include <string>
#include <string_view>

#include "fuzz/property.h"
#include "protocol/vu_file.h"

namespace {

using vuspec::protocol::ParseVu;
using vuspec::protocol::VuFile;
using vuspec::protocol::VuRecord;

bool SameRecord(const VuRecord& a, const VuRecord& b) {
  return a.direction == b.direction && a.channel == b.channel &&
         a.raw == b.raw && a.header == b.header && a.payload == b.payload &&
         a.fds == b.fds;
}

void CheckVuInput(std::string_view text) {
  const auto parsed = ParseVu(text);
  if (parsed.error) {
    VU_PROPERTY(parsed.error->line > 0, "an error has a line");
    VU_PROPERTY(!parsed.error->expected.empty(), "an error helps");
    VU_PROPERTY(!ToString(*parsed.error).empty(), "an error can be shown");
    return;
  }
  const std::string written = WriteVu(parsed.file);
  const auto again = ParseVu(written);
  VU_PROPERTY(!again.error, "what is written can be read");
  const VuFile& file = parsed.file;
  VU_PROPERTY(again.file.records.size() == file.records.size(),
              "no record is lost or made up");
  for (std::size_t i = 0; i < file.records.size(); ++i) {
    VU_PROPERTY(SameRecord(file.records[i], again.file.records[i]),
                "a record reads as it was written");
    VU_PROPERTY(file.records[i].Bytes() == again.file.records[i].Bytes(),
                "the bytes are the same");
  }
  VU_PROPERTY(WriteVu(again.file) == written, "writing is stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(data, data + size);
  CheckVuInput(text);
  return 0;
}
