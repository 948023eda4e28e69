#include "harness/suite/catalog.h"

#include <algorithm>
#include <map>
#include <utility>

#include "harness/transport/check.h"

namespace vuspec {
namespace {

struct Catalog {
  std::vector<CaseInfo> cases;
  std::map<std::string, std::size_t, std::less<>> by_id;
};

// Function-local, so that registration in other files may come first.
Catalog& TheCatalog() {
  static Catalog& catalog = *new Catalog();
  return catalog;
}

}  // namespace

protocol::Level CaseInfo::level() const {
  auto strongest = protocol::Level::kMay;
  for (const protocol::Req req : cites) {
    strongest = std::min(strongest, protocol::Describe(req).level);
  }
  return strongest;
}

int RegisterCase(CaseInfo info) {
  Catalog& catalog = TheCatalog();
  // Wherever the build found it: the path in the repository.
  const std::size_t room = info.file.rfind("conformance/");
  info.file.erase(0,
                  room != std::string::npos ? room : info.file.rfind('/') + 1);
  VU_CHECK(!info.cites.empty(), "a case must cite a requirement");
  const bool fresh =
      catalog.by_id.emplace(info.id, catalog.cases.size()).second;
  VU_CHECK(fresh, "two cases have the same id");
  catalog.cases.push_back(std::move(info));
  return 0;
}

const std::vector<CaseInfo>& AllCases() { return TheCatalog().cases; }

const CaseInfo* FindCase(std::string_view id) {
  const Catalog& catalog = TheCatalog();
  const auto found = catalog.by_id.find(id);
  return found == catalog.by_id.end() ? nullptr : &catalog.cases[found->second];
}

}  // namespace vuspec
