#include "protocol/header.h"

#include "protocol/byte_cursor.h"

namespace vuspec::protocol {

Header DecodeHeader(std::span<const std::byte, kHeaderSize> bytes) {
  ByteReader reader(bytes);
  Header header;
  reader.Read(header.request);
  reader.Read(header.flags);
  reader.Read(header.size);
  return header;
}

HeaderBytes EncodeHeader(const Header& header) {
  HeaderBytes bytes;
  ByteWriter writer(bytes);
  writer.Write(header.request);
  writer.Write(header.flags);
  writer.Write(header.size);
  return bytes;
}

}  // namespace vuspec::protocol
