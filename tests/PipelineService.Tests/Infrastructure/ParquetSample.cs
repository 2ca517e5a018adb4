using DuckDB.NET.Native;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Parquet files, made by DuckDB of what a query gives.</summary>
internal static class ParquetSample
{
    /// <param name="select">A query.</param>
    /// <param name="options">More options of <c>COPY</c>, starting with a comma.</param>
    /// <param name="before">Statements that come first.</param>
    public static byte[] Of(string select, string options = "", string before = "")
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7():N}.parquet");
        try
        {
            Assert.Equal(DuckDBState.Success, NativeMethods.Startup.DuckDBOpen(":memory:", out DuckDBDatabase database));
            using (database)
            {
                Assert.Equal(DuckDBState.Success, NativeMethods.Startup.DuckDBConnect(database, out DuckDBNativeConnection connection));
                using (connection)
                {
                    Run(connection, $"{before}; COPY ({select}) TO '{path}' (FORMAT parquet{options})");
                }
            }

            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>The records of CSV with a header, all of them text.</summary>
    public static byte[] OfCsv(byte[] csv)
    {
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7():N}.csv");
        try
        {
            File.WriteAllBytes(path, csv);
            return Of($"SELECT * FROM read_csv('{path}', all_varchar = true, header = true, delim = ',')", ", ROW_GROUP_SIZE 2048");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Run(DuckDBNativeConnection connection, string sql)
    {
        DuckDBState state = NativeMethods.Query.DuckDBQuery(connection, sql, out DuckDBResult result);
        string? error = state == DuckDBState.Success ? null : NativeMethods.Query.DuckDBResultError(ref result);
        NativeMethods.Query.DuckDBDestroyResult(ref result);
        Assert.True(error is null, error);
    }
}
