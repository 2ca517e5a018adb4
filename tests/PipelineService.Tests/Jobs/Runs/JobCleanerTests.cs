using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>What is older than <c>Jobs:Keep</c> goes, with all that belongs to it, and nothing else does.</summary>
public sealed class JobCleanerTests : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private readonly TestDatabase _database;
    private readonly SpoolFolder _spool = new();
    private readonly FakeTimeProvider _time = new();

    public JobCleanerTests(TestDatabase database) => _database = database;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _database.ExecuteAsync("""
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('old', 1, now(), now())
            ON CONFLICT DO NOTHING;
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('old', 1, '{}', now())
            ON CONFLICT DO NOTHING;
        DELETE FROM pipeline.jobs;
        DELETE FROM pipeline.upload_keys
        """);

    public ValueTask DisposeAsync()
    {
        _spool.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Removes_jobs_whose_time_is_over_with_all_that_belongs_to_them()
    {
        await EndedAsync(age: 11 * Day, letters: 3, key: "used");
        Guid young = await EndedAsync(age: 9 * Day, letters: 3);
        Guid elsewhere = await EndedAsync(age: 11 * Day, spool: Guid.CreateVersion7());
        Guid unfinished = await UnfinishedAsync(age: 11 * Day);
        using JobCleaner cleaner = Cleaner();

        Assert.Equal(1, await cleaner.CleanAsync(Token));

        Assert.Equal(new[] { young, elsewhere, unfinished }.Order(), await JobsAsync());
        Assert.Equal(3, await _database.ScalarAsync<long>("SELECT count(*) FROM pipeline.dead_letters"));
        Assert.Equal(1, await _database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.job_chunks WHERE job_id = '{young}'"));
        await EndedAsync(age: Day, key: "used"); // the key is free again
    }

    [Fact]
    public async Task Looks_again_as_time_goes_on()
    {
        Guid old = await EndedAsync(age: 11 * Day);
        Guid young = await EndedAsync(age: 9 * Day);
        using JobCleaner cleaner = Cleaner();
        await cleaner.StartAsync(Token);

        await WhenGoneAsync(old);
        Assert.Equal([young], await JobsAsync());
        _time.Advance(Day);
        await WhenGoneAsync(young);

        await cleaner.StopAsync(Token);
    }

    [Fact]
    public async Task Keeps_a_job_whose_upload_is_still_in_the_spool()
    {
        await using SpoolWriter left = await _spool.SealedAsync(new byte[10]);
        await using SpoolWriter damaged = await _spool.SealedAsync(new byte[10]);
        await _spool.Spool.SetAsideAsync(damaged.Id, _time.GetUtcNow());
        _time.Advance(TimeProvider.System.GetUtcNow() - _time.GetUtcNow() + (11 * Day)); // the ids of its uploads are of now
        await EndedAsync(age: 11 * Day, id: left.Id);
        await EndedAsync(age: 11 * Day, id: damaged.Id);
        await EndedAsync(age: 10.5 * Day);
        using JobCleaner cleaner = Cleaner();

        Assert.Equal(1, await cleaner.CleanAsync(Token));
        Assert.Equal(new[] { left.Id, damaged.Id }.Order(), await JobsAsync());

        await _spool.Spool.DeleteAsync(left.Id);
        Assert.Equal(1, await cleaner.CleanAsync(Token));
        Assert.Equal([damaged.Id], await JobsAsync());
    }

    [Fact]
    public async Task Removes_nothing_while_the_spool_is_away()
    {
        Guid old = await EndedAsync(age: 11 * Day);
        Directory.Move(_spool.Path, _spool.Path + ".away");
        Directory.CreateDirectory(_spool.Path);
        using JobCleaner cleaner = Cleaner();

        await Assert.ThrowsAsync<SpoolUnavailableException>(() => cleaner.CleanAsync(Token));
        Assert.Equal([old], await JobsAsync());

        Directory.Delete(_spool.Path);
        Directory.Move(_spool.Path + ".away", _spool.Path);
        Assert.Equal(1, await cleaner.CleanAsync(Token));
    }

    [Fact]
    public async Task Removes_more_than_fits_one_transaction()
    {
        await EndedAsync(age: 12 * Day, letters: (2 * JobCleaner.RowsAtOnce) + 1);
        for (int i = 0; i <= JobCleaner.JobsAtOnce; i++)
        {
            await EndedAsync(age: 11 * Day);
        }

        using JobCleaner cleaner = Cleaner();

        Assert.Equal(JobCleaner.JobsAtOnce + 2, await cleaner.CleanAsync(Token));
        Assert.Empty(await JobsAsync());
    }

    [Fact]
    public async Task Leaves_it_to_the_instance_that_is_at_it()
    {
        await EndedAsync(age: 11 * Day);
        await using NpgsqlConnection other = await _database.DataSource.OpenConnectionAsync(Token);
        await using NpgsqlTransaction transaction = await other.BeginTransactionAsync(Token);
        await using NpgsqlCommand hold = new(JobCleanerSql.TryLock, other, transaction);
        Assert.Equal(true, await hold.ExecuteScalarAsync(Token));
        using JobCleaner cleaner = Cleaner();

        Assert.Equal(0, await cleaner.CleanAsync(Token));
        await transaction.RollbackAsync(Token);
        Assert.Equal(1, await cleaner.CleanAsync(Token));
    }

    [Fact]
    public async Task Keeps_everything_for_ever_where_that_is_asked_for()
    {
        Guid old = await EndedAsync(age: 10_000 * Day);
        Guid deleted = await EndedAsync(age: Day, letters: 3);
        await DeleteAsync(deleted);
        using JobCleaner cleaner = Cleaner(keep: TimeSpan.Zero);

        Assert.Equal(1, await cleaner.CleanAsync(Token)); // but for what is to go

        Assert.Equal([old], await JobsAsync());
    }

    [Fact]
    public async Task Clears_away_what_was_deleted_when_it_is_woken()
    {
        Guid job = await EndedAsync(age: Day, letters: JobCleaner.RowsAtOnce + 1);
        Guid other = await EndedAsync(age: Day, letters: 3);
        using JobCleaner cleaner = Cleaner();
        await cleaner.StartAsync(Token);

        await DeleteAsync(job);
        await BoundedWait.UntilAsync("the deleted job to be removed", async () =>
        {
            cleaner.Wake();
            return !(await JobsAsync()).Contains(job);
        });

        await cleaner.StopAsync(Token);
        Assert.Equal([other], await JobsAsync());
        Assert.Equal(3, await _database.ScalarAsync<long>("SELECT count(*) FROM pipeline.dead_letters"));
    }

    /// <summary>
    /// A job whose upload is still there must be known as final, and of another spool nobody here can tell: but the records that
    /// somebody wants to be gone are.
    /// </summary>
    [Fact]
    public async Task Erases_the_dead_letters_of_deleted_jobs_whose_rows_must_stay()
    {
        await using SpoolWriter left = await _spool.SealedAsync(new byte[10]);
        Guid elsewhere = await EndedAsync(age: Day, letters: 3, spool: Guid.CreateVersion7());
        await EndedAsync(age: Day, letters: 3, id: left.Id);
        await DeleteAsync(elsewhere);
        await DeleteAsync(left.Id);
        using JobCleaner cleaner = Cleaner();

        Assert.Equal(0, await cleaner.CleanAsync(Token));

        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM pipeline.dead_letters"));
        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM pipeline.job_chunks"));
        Assert.Equal(new[] { elsewhere, left.Id }.Order(), await JobsAsync());
        await _spool.Spool.DeleteAsync(left.Id);
        Assert.Equal(1, await cleaner.CleanAsync(Token));
        Assert.Equal([elsewhere], await JobsAsync());
    }

    /// <summary>The job has gone and answers for its key; the key goes when its own time is over.</summary>
    [Fact]
    public async Task Remembers_the_keys_of_jobs_that_have_loaded_something_for_as_long_as_they_are_to_be()
    {
        Guid loaded = await EndedAsync(age: 11 * Day, key: "loaded");
        await _database.ExecuteAsync($"""
            UPDATE pipeline.jobs SET state = 'succeeded', error = NULL, upload_sha256 = '\x0102', rejects = NULL WHERE id = '{loaded}'
            """);
        await EndedAsync(age: 11 * Day, key: "failed");
        await EndedAsync(age: 21 * Day, key: "long ago");
        await _database.ExecuteAsync("UPDATE pipeline.jobs SET state = 'succeeded', error = NULL WHERE idempotency_key = 'long ago'");
        using JobCleaner cleaner = Cleaner();

        Assert.Equal(3, await cleaner.CleanAsync(Token));

        JobStore store = new(_database.Database, new Instance(), _time);
        JobRow? answer = await store.FindByKeyAsync("old", version: 7, "loaded", Token);
        Assert.Equal((loaded, "succeeded", "0102"), (answer?.Id, answer?.State, Convert.ToHexString(answer?.UploadSha256 ?? [])));
        Assert.Null(await store.FindByKeyAsync("old", 1, "failed", Token));
        Assert.Null(await store.FindByKeyAsync("old", 1, "long ago", Token));
        PostgresException taken =
            await Assert.ThrowsAsync<PostgresException>(() => store.RegisterAsync(RowOf("loaded"), entry: null, Token));
        Assert.Equal(PostgresErrorCodes.UniqueViolation, taken.SqlState);
        Assert.True(await store.RegisterAsync(RowOf("failed"), entry: null, Token));

        _time.Advance(10 * Day);
        await cleaner.CleanAsync(Token);
        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM pipeline.upload_keys"));
        Assert.True(await store.RegisterAsync(RowOf("loaded"), entry: null, Token));
    }

    private JobRow RowOf(string key) => new()
    {
        Id = Guid.CreateVersion7(),
        Dataset = "old",
        DatasetVersion = 1,
        State = "queued",
        ContentType = "text/csv",
        UploadComplete = true,
        IdempotencyKey = key,
        CreatedAt = _time.GetUtcNow().UtcDateTime,
        Spool = _spool.Directory.Id,
    };

    private async Task<Guid> EndedAsync(TimeSpan age, int letters = 0, string? key = null, Guid? spool = null, Guid? id = null)
    {
        DateTimeOffset end = _time.GetUtcNow() - age;
        Guid job = id ?? Guid.CreateVersion7(end);
        await _database.ExecuteAsync($$"""
            INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, records_read, records_rejected, error, content_type,
                                       idempotency_key, created_at, finished_at, spool)
            VALUES ('{{job}}', 'old', 1, 'failed', {{letters}}, {{letters}}, '{}', 'text/csv', {{(key is null ? "NULL" : $"'{key}'")}},
                    '{{end:O}}', '{{end:O}}', '{{spool ?? _spool.Directory.Id}}');
            INSERT INTO pipeline.job_chunks (job_id, start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered, epoch)
            VALUES ('{{job}}', 0, 10, 1, 1, 1, {{letters}}, 0, {{letters}}, 0, 1);
            INSERT INTO pipeline.dead_letters (job_id, record, line, byte_offset, errors, raw)
            SELECT '{{job}}', n, n, n, '[{}]', '' FROM generate_series(1, {{letters}}) n
            """);
        return job;
    }

    private Task DeleteAsync(Guid job) => _database.ExecuteAsync(
        $"UPDATE pipeline.jobs SET deleted_at = now(), idempotency_key = NULL WHERE id = '{job}'");

    private async Task<Guid> UnfinishedAsync(TimeSpan age)
    {
        DateTimeOffset start = _time.GetUtcNow() - age;
        var job = Guid.CreateVersion7(start);
        await _database.ExecuteAsync($"""
            INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, created_at, spool)
            VALUES ('{job}', 'old', 1, 'queued', 'text/csv', '{start:O}', '{_spool.Directory.Id}')
            """);
        return job;
    }

    private async Task<Guid[]> JobsAsync() =>
        await _database.ScalarAsync<Guid[]>("SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM pipeline.jobs") ?? [];

    private JobCleaner Cleaner(TimeSpan? keep = null) => new(
        _database.Database, _spool.Spool, Options.Create(new JobsOptions { Keep = keep ?? (10 * Day), KeysKeep = 20 * Day }), _time,
        NullLogger<JobCleaner>.Instance);

    /// <summary>The cleaner sets its timer in the background, so the clock goes on until it is met.</summary>
    private Task WhenGoneAsync(Guid job) => BoundedWait.UntilAsync($"job {job} to be removed", async () =>
    {
        _time.Advance(JobCleaner.Interval);
        return !(await JobsAsync()).Contains(job);
    });
}
