#include "protocol/vu_file.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "protocol/vu_names.h"

namespace vuspec::protocol {
namespace {

std::string Hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{0xf})];
  }
  return text;
}

std::string FdList(std::span<const VuFd> fds) {
  std::string text;
  for (const VuFd& fd : fds) {
    text += text.empty() ? " fds=" : ",";
    text += std::ranges::find(kFdNames, fd.kind, &FdName::kind)->name;
    if (fd.kind == VuFd::Kind::kMemfd) text += ":" + std::to_string(fd.size);
  }
  return text;
}

std::string HeaderText(const VuRecord& record) {
  const MessageSpec* spec = FindMessage(record.channel, record.header.request);
  std::string text = spec == nullptr
                         ? "id=" + std::to_string(record.header.request)
                         : std::string(spec->name);
  if (record.header.flags != kVersion) {
    char flags[24];
    std::snprintf(flags, sizeof flags, " flags=0x%" PRIx32,
                  record.header.flags);
    text += flags;
  }
  if (record.header.size != record.payload.size()) {
    text += " size=" + std::to_string(record.header.size);
  }
  return text;
}

}  // namespace

std::vector<std::byte> VuRecord::Bytes() const {
  if (raw) return payload;
  const HeaderBytes head = EncodeHeader(header);
  std::vector<std::byte> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::string WriteVu(const VuRecord& record) {
  std::string text = record.direction == VuDirection::kToBackend ? "> " : "< ";
  text += record.channel == Channel::kMain ? "main " : "backend ";
  text += record.raw ? "raw" : HeaderText(record);
  text += FdList(record.fds);
  if (!record.payload.empty()) {
    text += record.raw ? " hex:" : " payload=";
    text += Hex(record.payload);
  }
  if (!record.comment.empty()) text += "  # " + record.comment;
  std::ranges::replace(text, '\n', ' ');
  return text + "\n";
}

std::string WriteVu(const VuFile& file) {
  std::string text;
  for (const ContextName& row : kContextNames) {
    if (!(file.context.*(row.member))) continue;
    text += text.empty() ? "@context " : " ";
    text += row.name;
  }
  if (!text.empty()) text += "\n";
  for (const VuRecord& record : file.records) text += WriteVu(record);
  return text;
}

}  // namespace vuspec::protocol
