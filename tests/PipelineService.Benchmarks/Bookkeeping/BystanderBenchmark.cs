using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Bookkeeping;

/// <param name="Chunks">Of the load that is held open.</param>
/// <param name="Seconds">Of each run of pgbench.</param>
/// <param name="Scale">Of pgbench's tables.</param>
internal sealed record BystanderOptions(int Chunks, int Seconds, int Scale, int Clients, int Rounds);

/// <summary>
/// What somebody else on the server pays for a load that keeps its transaction open: pgbench's TPC-B beside nothing,
/// beside any transaction that has written something and stays open, and beside a load that is held still after
/// thousands of chunks, so that it takes no processor away. With more than 64 subtransactions in it, every snapshot on
/// the server would look them up in <c>pg_subtrans</c>: what the load costs more than any transaction does.
/// </summary>
/// <remarks>
/// The price of any transaction is that dead versions of rows stay while it is open, in each database of the server: the
/// snapshots of all others begin at its number. TPC-B changes the same few rows again and again, and pays for that with
/// half of its speed. It commits without waiting for the disk, which has no part in this.
/// </remarks>
internal static partial class BystanderBenchmark
{
    public static async Task RunAsync(Arguments arguments)
    {
        BystanderOptions options = new(
            arguments.Integer("chunks", 2_000), arguments.Integer("seconds", 8), arguments.Integer("scale", 20),
            arguments.Integer("clients", 4), arguments.Integer("rounds", 3));
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            "bystander", "Others on the server beside an open load", arguments);
        await MeasureAsync(laboratory, options);
        laboratory.Complete();
    }

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Laboratory laboratory, BystanderOptions options)
    {
        Report report = laboratory.Report;
        report.Section(
            $"pgbench beside an open `commit: job` load of {options.Chunks:N0} chunks into a table with a key");
        report.Line($"TPC-B, scale {options.Scale}, {options.Clients} clients, {options.Seconds} s each, "
            + "`synchronous_commit = off`; transactions a second, and lookups of subtransactions (`pg_stat_slru`, "
            + "Subtrans) meanwhile.");
        report.Line();
        BenchmarkDatabase database = laboratory.Yardstick;
        await database.RunToolAsync("pgbench", ["-i", "-q", "-s", $"{options.Scale}"]);
        await laboratory.CheckpointAsync();
        await PgbenchAsync(database, options);

        List<(ServiceBuild Build, double Ratio, long Lookups)> found = [];
        report.Table(
            "round", "build", "tps alone", "beside any open transaction", "beside the load", "lookups alone", "beside the load",
            "load to any transaction");
        for (int round = 0; round < options.Rounds; round++)
        {
            foreach (ServiceBuild build in laboratory.Builds.InTurn(round))
            {
                (double alone, long fewer) = await PgbenchAsync(database, options);
                double any = await BesideAnyAsync(database, options);
                await using HeldLoad load = await HeldLoad.OpenAsync(build, options.Chunks);
                (double beside, long more) = await PgbenchAsync(database, options);
                await load.EndAsync();
                found.Add((build, beside / any, more));
                report.Row(
                    $"{round + 1}", build.Name, $"{alone:N0}", $"{any:N0}", $"{beside:N0}", $"{fewer:N0}", $"{more:N0}",
                    $"{beside / any:F3}");
            }
        }

        return
        [
            new("pgbench beside an open load, share of its transactions a second beside any open transaction", "×",
                [.. Of(all => all.Select(f => f.Ratio).ToArray().Median())], Goal.AtLeast(0.97, "×")),
            new("lookups of subtransactions meanwhile", "",
                [.. Of(all => all.Max(f => (double)f.Lookups))], Goal.AtMost(0, "")),
        ];

        IEnumerable<double> Of(Func<IReadOnlyList<(ServiceBuild Build, double Ratio, long Lookups)>, double> value) =>
            laboratory.Builds.Select(build => value([.. found.Where(f => f.Build == build)]));
    }

    /// <summary>Beside a transaction in another database that has a number and does nothing more.</summary>
    private static async Task<double> BesideAnyAsync(BenchmarkDatabase database, BystanderOptions options)
    {
        var elsewhere = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "postgres", Pooling = false };
        await using var connection = new NpgsqlConnection(elsewhere.ToString());
        await connection.OpenAsync();
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        await using NpgsqlCommand number = new("SELECT pg_current_xact_id()::text", connection, transaction);
        await number.ExecuteScalarAsync();
        (double tps, _) = await PgbenchAsync(database, options);
        return tps;
    }

    private static async Task<(double Tps, long Lookups)> PgbenchAsync(
        BenchmarkDatabase database, BystanderOptions options)
    {
        long before = await LookupsAsync(database);
        string output = await database.RunToolAsync(
            "pgbench",
            ["-T", $"{options.Seconds}", "-c", $"{options.Clients}", "-j", "2", "-M", "prepared"],
            "-c synchronous_commit=off");
        Match tps = Tps().Match(output);
        Check.That(tps.Success, $"pgbench says no tps: {output}");
        Check.Equal("0", Failures().Match(output).Groups[1].Value, "failed transactions of pgbench");
        return (double.Parse(tps.Groups[1].Value, CultureInfo.InvariantCulture), await LookupsAsync(database) - before);
    }

    /// <summary>Its name has become longer in PostgreSQL 17.</summary>
    private static Task<long> LookupsAsync(BenchmarkDatabase database) => database.QueryAsync<long>(
        "SELECT coalesce(sum(blks_hit + blks_read), 0)::bigint FROM pg_stat_slru WHERE name ILIKE 'subtrans%'");

    [GeneratedRegex(@"^tps = ([\d.]+)", RegexOptions.Multiline)]
    private static partial Regex Tps();

    [GeneratedRegex(@"^number of failed transactions: (\d+)", RegexOptions.Multiline)]
    private static partial Regex Failures();
}
