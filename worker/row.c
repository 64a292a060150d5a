#include "worker/row.h"

#include "worker/catalog.h"

static struct slice id_in_column(const struct row *row, const char *column)
{
    if (!column)
        return (struct slice){ 0 };
    size_t i = catalog_column_index(row->table, column);
    bool is_id = i < row->table->column_count && row->values[i].kind == VALUE_TEXT;
    return is_id ? row->values[i].text : (struct slice){ 0 };
}

void row_owners(const struct row *row, struct slice ret_ids[ROW_OWNERS])
{
    ret_ids[0] = row->clerk_id;
    ret_ids[1] = id_in_column(row, row->table->user_column);
    ret_ids[2] = id_in_column(row, row->table->organization_column);
}
