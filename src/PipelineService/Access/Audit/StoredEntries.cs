using Npgsql;

namespace PipelineService.Access.Audit;

/// <summary>Reads entries as they are stored.</summary>
internal static class StoredEntries
{
    /// <summary>From the columns id, at, actor, action, object, dataset, outcome, <c>host(ip)</c> and <c>detail::text</c>.</summary>
    /// <param name="first">Which column the first of them is.</param>
    public static StoredEntry Read(NpgsqlDataReader reader, int first = 0) => new(
        reader.GetGuid(first),
        reader.GetDateTime(first + 1),
        reader.GetString(first + 2),
        reader.GetString(first + 3),
        reader.GetString(first + 4),
        TextOf(reader, first + 5),
        reader.GetString(first + 6),
        TextOf(reader, first + 7),
        reader.GetString(first + 8));

    private static string? TextOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
