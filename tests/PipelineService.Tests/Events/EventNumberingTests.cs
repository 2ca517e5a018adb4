using System.Globalization;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Events;
using PipelineService.Hosting.Postgres;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Events;

/// <summary>
/// Events get places without gaps, each one, in the order in which they came to be visible, whoever writes them and whoever numbers.
/// </summary>
public sealed class EventNumberingTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private readonly EventLogStand _stand = new(database);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>
    /// A load is open beside many short jobs. The usual cut-off, by the oldest transaction, would show none of them; an order by ids would
    /// have passed the load's event over.
    /// </summary>
    [Fact]
    public async Task A_transaction_that_stays_open_holds_nobody_up_and_is_not_passed_over()
    {
        const int Jobs = 200;
        await _stand.RenewAsync();
        await using OpenEvents load = await _stand.BeginAsync();
        await load.WriteAsync("load");
        for (int i = 1; i <= Jobs; i++)
        {
            await _stand.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"job {i}"));
            if (i % 50 == 0)
            {
                await _stand.NumberAllAsync();
                Assert.Equal(i, (await _stand.NumberedAsync()).Length);
            }
        }

        Assert.Equal(0, await _stand.CountAsync("FROM pipeline.events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())")); // what the cut-off shows
        Assert.Equal("job 1", await database.ScalarAsync<string>("SELECT dataset FROM pipeline.events ORDER BY n LIMIT 1")); // the load's is 1 too early

        await load.CommitAsync();
        await _stand.NumberAllAsync();

        string[] numbered = await _stand.NumberedAsync();
        Assert.Equal("load", numbered[^1]);
        Assert.Equal(Jobs + 1, numbered.Distinct().Count());
    }

    /// <summary>
    /// A load's transaction began before another told of its job, and ends behind it: the order of transactions would turn them around.
    /// </summary>
    [Fact]
    public async Task Of_one_job_the_earlier_event_comes_first_although_its_transaction_is_the_younger()
    {
        await _stand.RenewAsync();
        await using OpenEvents load = await _stand.BeginAsync();
        await _stand.WriteAsync("job.waiting");
        await load.WriteAsync("job.finished");
        await load.CommitAsync();

        await _stand.NumberAllAsync(batchMax: 1);

        Assert.Equal(["job.waiting", "job.finished"], await _stand.NumberedAsync());
    }

    [Fact]
    public async Task Eight_writers_and_two_who_number_make_one_line()
    {
        const int Writers = 8, Each = 100;
        await _stand.RenewAsync();
        using var written = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task[] numbering = [NumberAsync(batchMax: 7), NumberAsync(batchMax: 64)];
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(WriteAsync)).Within("all events to be written");
        await written.CancelAsync();
        await Task.WhenAll(numbering).Within("those who number to end");
        await _stand.NumberAllAsync();

        string[] numbered = await _stand.NumberedAsync();
        Assert.Equal(Writers * Each, numbered.Distinct().Count());
        Assert.All(
            numbered.GroupBy(name => name.Split('/')[0]),
            writer => Assert.Equal(Enumerable.Range(0, Each), writer.Select(name => int.Parse(name.Split('/')[1], CultureInfo.InvariantCulture))));

        async Task WriteAsync(int writer)
        {
            for (int i = 0; i < Each; i++)
            {
                await _stand.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{writer}/{i}"));
            }
        }

        async Task NumberAsync(int batchMax)
        {
            EventStore store = new(database.Database);
            while (!written.IsCancellationRequested)
            {
                await store.NumberAsync(Token, batchMax);
            }
        }
    }

    /// <summary>Any order of beginning, writing, committing, giving up and numbering, in rounds of any size.</summary>
    [Fact]
    public async Task Numbers_every_committed_event_once_in_any_order_of_what_happens() =>
        await Gen.Select(Gen.Int[0, 5], Gen.Int[0, 9], Gen.Int[1, 4]).Array[30].SampleAsync(
            async acts =>
            {
                await _stand.RenewAsync();
                var open = new OpenEvents?[6];
                HashSet<string> committed = [];
                int number = 0;
                foreach ((int place, int act, int batchMax) in acts)
                {
                    if (open[place] is not { } writer)
                    {
                        open[place] = await _stand.BeginAsync();
                    }
                    else if (act < 4)
                    {
                        await writer.CommitAsync();
                        committed.UnionWith(writer.Written);
                        open[place] = null;
                    }
                    else if (act < 9)
                    {
                        await writer.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"event {++number}"));
                    }
                    else
                    {
                        await writer.DisposeAsync();
                        open[place] = null;
                    }

                    await _stand.Store.NumberAsync(Token, batchMax);
                }

                await _stand.NumberAllAsync(batchMax: 3);
                Assert.Equal(committed.Order(), (await _stand.NumberedAsync()).Order());
                foreach (OpenEvents? left in open)
                {
                    await (left?.DisposeAsync() ?? ValueTask.CompletedTask);
                }
            },
            iter: 8,
            threads: 1);

    /// <summary>A dump that was loaded into another server: transactions of before mean nothing there.</summary>
    [Fact]
    public async Task A_database_that_was_restored_into_a_server_that_counted_fewer_transactions_goes_on()
    {
        await _stand.RenewAsync();
        await _stand.WriteAsync("before");
        await _stand.NumberAllAsync();
        await database.ExecuteAsync("UPDATE pipeline.event_positions SET seen = '9000000000:9000000000:'");
        await _stand.WriteAsync("first");
        await _stand.NumberAllAsync();
        await _stand.WriteAsync("second");
        await _stand.NumberAllAsync();

        Assert.Equal(["before", "first", "second"], await _stand.NumberedAsync());
    }

    /// <summary>Days go at once; the log says where it begins, and goes on counting.</summary>
    [Fact]
    public async Task Days_that_are_kept_no_longer_are_emptied_and_no_place_is_given_twice()
    {
        await _stand.RenewAsync();
        foreach (int age in (int[])[16, 9, 8, 6, 0])
        {
            await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
                INSERT INTO pipeline.events (type, dataset, at, slot)
                SELECT 'dataset.version', 'age {age}', t, pipeline.event_slot(t) FROM (SELECT now() - interval '{age} days' AS t) one
                """));
        }

        await _stand.NumberAllAsync();
        EventCleaner cleaner = new(
            database.Database, database.Database.Readiness, Options.Create(new EventsOptions()), TimeProvider.System, NullLogger<EventCleaner>.Instance);

        Assert.Equal(2, await cleaner.CleanAsync(Token));
        Assert.Equal(["age 6", "age 0"], await _stand.NumberedAsync());
        Assert.Equal(new LogEnds(5, 3), await _stand.Store.FindEndsAsync(Token));
        Assert.Equal(0, await cleaner.CleanAsync(Token));

        await database.ExecuteAsync("TRUNCATE pipeline.events, pipeline.event_positions; UPDATE pipeline.event_floor SET position = 5");
        await _stand.WriteAsync("next");
        Assert.Equal(6, (await _stand.Store.NumberAsync(Token)).Ends.Head);
    }

    /// <summary>Whoever reads a day is not waited for, and nobody waits behind the wait.</summary>
    [Fact]
    public async Task A_day_that_somebody_reads_is_left_to_the_next_round()
    {
        await _stand.RenewAsync();
        await database.ExecuteAsync("""
            INSERT INTO pipeline.events (type, dataset, at, slot)
            SELECT 'dataset.version', 'old', t, pipeline.event_slot(t) FROM (SELECT now() - interval '9 days' AS t) one
            """);
        await using OpenEvents reader = await _stand.BeginAsync();
        await using NpgsqlCommand read = new("SELECT count(*) FROM pipeline.events", reader.Connection);
        await read.ExecuteScalarAsync(Token);
        EventCleaner cleaner = new(
            database.Database, database.Database.Readiness, Options.Create(new EventsOptions()), TimeProvider.System, NullLogger<EventCleaner>.Instance);

        DatabaseUnavailableException fault = await Assert.ThrowsAsync<DatabaseUnavailableException>(() => cleaner.CleanAsync(Token));

        Assert.Equal(PostgresErrorCodes.LockNotAvailable, Assert.IsType<PostgresException>(fault.InnerException).SqlState);
    }
}
