#include "worker/page_assets.h"

#include <stddef.h>

#include "worker/page_data.h" /* generated: static const struct page_asset assets[] */

const struct page_asset *page_asset_find(struct slice path)
{
    for (const struct page_asset *asset = assets; asset->path; asset++)
        if (slice_equals(path, slice_of(asset->path)))
            return asset;
    return NULL;
}
