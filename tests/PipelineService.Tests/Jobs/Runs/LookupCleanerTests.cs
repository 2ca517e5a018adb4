using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Jobs.Runs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>
/// Versions that nobody looks up go; the current one, the one before and those that an unfinished job has pinned stay.
/// </summary>
public sealed class LookupCleanerTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Removes_what_nobody_needs_and_nothing_else()
    {
        Guid[] versions = [.. await VersionsAsync("zones", count: 5)];
        await PinAsync("trips", versions[0], isFinished: false);
        await PinAsync("trips", versions[1], isFinished: true);
        using LookupCleaner cleaner = Cleaner();

        Assert.Equal(2, await cleaner.CleanAsync(Token));

        Assert.Equal([versions[0], versions[3], versions[4]], await LeftAsync());
        await database.ExecuteAsync("UPDATE pipeline.jobs SET state = 'cancelled', finished_at = now() WHERE finished_at IS NULL");
        Assert.Equal(1, await cleaner.CleanAsync(Token));
        Assert.Equal([versions[3], versions[4]], await LeftAsync());
        Assert.Equal(0, await cleaner.CleanAsync(Token));
    }

    [Fact]
    public async Task Looks_again_as_time_goes_on_and_when_it_is_woken()
    {
        using LookupCleaner cleaner = Cleaner();
        await cleaner.StartAsync(Token);
        Guid[] versions = [.. await VersionsAsync("again", count: 3)];

        cleaner.Wake();
        await WhenGoneAsync(versions[0]);
        Guid[] more = [.. await VersionsAsync("later", count: 3)];
        _time.Advance(LookupCleaner.Interval);
        await WhenGoneAsync(more[0]);

        await cleaner.StopAsync(Token);
    }

    private LookupCleaner Cleaner() => new(database.Database, _time, NullLogger<LookupCleaner>.Instance);

    private Task WhenGoneAsync(Guid version) => BoundedWait.UntilAsync($"version {version} to go", () =>
        database.ScalarAsync<bool>($"SELECT to_regclass('pipeline.\"lookup_{version:N}\"') IS NULL"));

    /// <summary>Versions of a dataset, the last of them current.</summary>
    private async Task<List<Guid>> VersionsAsync(string dataset, int count)
    {
        await database.ExecuteAsync($"""
            INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('{dataset}', 1, now(), now());
            INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('{dataset}', 1, '{"{}"}', now())
            """);
        List<Guid> versions = [.. Enumerable.Range(0, count).Select(_ => Guid.CreateVersion7()).Order()];
        foreach (Guid version in versions)
        {
            await database.ExecuteAsync($"""
                CREATE TABLE pipeline."lookup_{version:N}" (id bigint);
                INSERT INTO pipeline.lookup_versions (dataset, job_id, dataset_version, rows) VALUES ('{dataset}', '{version}', 1, 0)
                """);
        }

        await database.ExecuteAsync($"""
            INSERT INTO pipeline.dataset_rows (dataset, table_name, job_id, former, began_empty)
            VALUES ('{dataset}', 'public.{dataset}', '{versions[^1]}', '{versions[^2]}', false)
            """);
        return versions;
    }

    private Task PinAsync(string dataset, Guid version, bool isFinished) => database.ExecuteAsync($"""
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('{dataset}', 1, now(), now()) ON CONFLICT DO NOTHING;
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('{dataset}', 1, '{"{}"}', now()) ON CONFLICT DO NOTHING;
        INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, created_at, finished_at, spool, pins)
        VALUES (gen_random_uuid(), '{dataset}', 1, '{(isFinished ? "succeeded" : "queued")}', 'text/csv', now(), {(isFinished ? "now()" : "NULL")},
                gen_random_uuid(), jsonb_build_object('zones', '{version}'))
        """);

    private async Task<List<Guid>> LeftAsync()
    {
        List<Guid> left = [];
        await using Npgsql.NpgsqlCommand command = database.DataSource.CreateCommand("""
            SELECT job_id FROM pipeline.lookup_versions WHERE dataset = 'zones' ORDER BY job_id
            """);
        await using Npgsql.NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            left.Add(reader.GetGuid(0));
        }

        Assert.Equal(left.Count, await TablesAsync());
        return left;
    }

    private async Task<int> TablesAsync() => (int)await database.ScalarAsync<long>("""
        SELECT count(*) FROM pg_class WHERE relnamespace = 'pipeline'::regnamespace AND relkind = 'r' AND relname LIKE 'lookup\_%'
            AND relname <> 'lookup_versions' AND relname NOT IN (
                SELECT 'lookup_' || replace(job_id::text, '-', '') FROM pipeline.lookup_versions WHERE dataset <> 'zones')
        """);
}
