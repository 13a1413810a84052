#pragma once
#include "engine/store/sqlite.h"

namespace hd::sqlite {

/// The schema this program writes; `user_version` of the file. Frozen per release.
inline constexpr int kSchemaVersion = 2;

/// "hdrv" in ASCII: marks the file as ours, whatever its name.
inline constexpr int kApplicationId = 0x68647276;

/// Throws StoreError, leaving the file as it is, when it belongs to another program or to a newer
/// hdrive.
void refuse_unusable(Database& database);

/// Brings an empty or older file to kSchemaVersion in one transaction.
void migrate(Database& database);

}  // namespace hd::sqlite
