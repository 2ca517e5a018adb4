using System.Globalization;
using System.Text;
using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Transform;

/// <summary>
/// Columns of every kind, and PostgreSQL's own CSV reader to hold a loaded table against. Missing values apply to quoted texts
/// too in Table Schema, which is COPY's FORCE_NULL.
/// </summary>
internal static class CopyOracle
{
    public const string Fields = """
        { "name": "i", "type": "integer" },
        { "name": "n", "type": "number" },
        { "name": "f", "type": "number", "sqlType": "double precision" },
        { "name": "s", "type": "string" },
        { "name": "b", "type": "boolean" },
        { "name": "d", "type": "date" },
        { "name": "z", "type": "datetime" },
        { "name": "t", "type": "time" }
        """;

    private const string Columns = "i, n, f, s, b, d, z, t";

    private const string Types =
        "i bigint, n numeric, f double precision, s {0}, b boolean, d date, z timestamptz, t time";

    /// <summary>Makes a table that is loaded, with texts of some type.</summary>
    public static Task CreateAsync(TestDatabase database, string table, string textType) => database.ExecuteAsync(
        $"CREATE TABLE public.{table} ({TypesWith(textType)}, _job_id uuid NOT NULL, _record bigint NOT NULL)");

    /// <summary>Loads the same bytes with COPY and compares the two tables, row by row and both ways.</summary>
    public static async Task ExpectSameAsync(TestDatabase database, string table, byte[] csv, string textType)
    {
        string oracle = $"{table}_oracle";
        await using (NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync())
        {
            await using (NpgsqlCommand prepare = new(
                $"SET TimeZone = 'UTC'; DROP TABLE IF EXISTS {oracle}; CREATE TABLE {oracle} ({TypesWith(textType)})", connection))
            {
                await prepare.ExecuteNonQueryAsync();
            }

            await using TextWriter copy = await connection.BeginTextImportAsync(
                $"COPY {oracle} ({Columns}) FROM STDIN (FORMAT csv, HEADER true, FORCE_NULL ({Columns}))");
            await copy.WriteAsync(Encoding.UTF8.GetString(csv).TrimStart('\uFEFF'));
        }

        // As text: 1.0 and 1.00 are equal, but not the same.
        Assert.Equal(0, await database.ScalarAsync<long>($"""
            SELECT count(*) FROM (
                (SELECT ROW({Columns})::text FROM {table} EXCEPT ALL SELECT ROW({Columns})::text FROM {oracle})
                UNION ALL
                (SELECT ROW({Columns})::text FROM {oracle} EXCEPT ALL SELECT ROW({Columns})::text FROM {table})) different
            """));
        Assert.True(await database.ScalarAsync<long>($"SELECT count(*) FROM {oracle}") > 0, "COPY has loaded something.");
    }

    private static string TypesWith(string textType) => string.Format(CultureInfo.InvariantCulture, Types, textType);
}
