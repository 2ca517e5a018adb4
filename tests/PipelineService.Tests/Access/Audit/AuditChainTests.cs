using System.Globalization;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Telemetry;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Audit;

/// <summary>Entries become one chain, whoever writes them when, and whoever links them.</summary>
public sealed class AuditChainTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private readonly AuditStand _stand = new(database);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Two instances link while eight write, in small batches, so that most rounds end in the middle of something.</summary>
    [Fact]
    public async Task Eight_writers_and_two_linkers_make_one_line()
    {
        const int Writers = 8;
        int? byHand = int.TryParse(Environment.GetEnvironmentVariable("PIPELINE_AUDIT_ENTRIES"), CultureInfo.InvariantCulture, out int wanted) ? wanted : null;
        int each = byHand ?? 250;
        await _stand.RenewAsync(0);
        using var written = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task[] linkers = [LinkAsync(batchMax: 7), LinkAsync(batchMax: 64)];
        var writing = Task.WhenAll(Enumerable.Range(0, Writers).Select(WriteAsync));
        await (byHand is null ? writing.Within("all entries to be written") : writing);
        await written.CancelAsync();
        await Task.WhenAll(linkers).Within("the linkers to end");
        await _stand.LinkAllAsync();

        AuditVerdict verdict = await _stand.VerifyAsync();
        Assert.Equal((null, Writers * each, 0), (verdict.Fault, verdict.Entries, verdict.Unlinked));
        Assert.Equal(Writers * each, verdict.Head?.Seq);

        async Task WriteAsync(int writer)
        {
            for (int i = 0; i < each; i++)
            {
                await _stand.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{writer}/{i}"));
            }
        }

        async Task LinkAsync(int batchMax)
        {
            AuditLinker linker = new(database.Database);
            while (!written.IsCancellationRequested)
            {
                await linker.LinkAsync(Token, batchMax);
            }
        }
    }

    /// <summary>
    /// The first to begin is the last to commit: an order of ids, of times or of transactions would have passed it over, and waiting
    /// for it would hold up all others.
    /// </summary>
    [Fact]
    public async Task What_becomes_visible_late_is_linked_late_and_holds_nobody_up()
    {
        await _stand.RenewAsync(0);
        await using OpenWriter load = await OpenWriter.BeginAsync(database, "load", writesFirst: true);
        await using OpenWriter silent = await OpenWriter.BeginAsync(database, "silent", writesFirst: false);
        await _stand.WriteAsync("first");
        await _stand.LinkAllAsync();
        await _stand.WriteAsync("second");
        await _stand.LinkAllAsync();
        Assert.Equal(["first", "second"], await _stand.LinkedAsync());

        await silent.WriteAsync();
        await silent.CommitAsync();
        await _stand.LinkAllAsync();
        await load.CommitAsync();
        await _stand.LinkAllAsync();

        Assert.Equal(["first", "second", "silent", "load"], await _stand.LinkedAsync());
        Assert.Null((await _stand.VerifyAsync()).Fault);
    }

    /// <summary>Any order of beginning, writing, committing, giving up and linking, in rounds of any size.</summary>
    [Fact]
    public async Task Links_every_committed_entry_once_in_any_order_of_events() =>
        await Gen.Select(Gen.Int[0, 5], Gen.Int[0, 9], Gen.Int[1, 4]).Array[30].SampleAsync(
            async events =>
            {
                await _stand.RenewAsync(0);
                var writers = new OpenWriter?[6];
                HashSet<string> committed = [];
                int number = 0;
                foreach ((int place, int act, int batchMax) in events)
                {
                    if (writers[place] is not { } writer)
                    {
                        writers[place] = await OpenWriter.BeginAsync(database, $"entry/{++number}", writesFirst: act % 2 == 0);
                    }
                    else if (act < 5)
                    {
                        await writer.CommitAsync();
                        committed.UnionWith(writer.Written);
                        await End(place);
                    }
                    else if (act < 7)
                    {
                        await writer.WriteAsync();
                    }
                    else if (act == 7)
                    {
                        await End(place);
                    }

                    await _stand.Linker.LinkAsync(Token, batchMax);
                }

                await _stand.LinkAllAsync();
                Assert.Equal(committed.Order(), (await _stand.LinkedAsync()).Order());
                for (int i = 0; i < writers.Length; i++)
                {
                    await (writers[i]?.CommitAsync() ?? Task.CompletedTask);
                    committed.UnionWith(writers[i]?.Written ?? []);
                    await End(i);
                }

                await _stand.LinkAllAsync(batchMax: 2);
                Assert.Equal(committed.Order(), (await _stand.LinkedAsync()).Order());
                Assert.Null((await _stand.VerifyAsync()).Fault);

                async Task End(int place)
                {
                    await (writers[place]?.DisposeAsync() ?? ValueTask.CompletedTask);
                    writers[place] = null;
                }
            },
            iter: 12,
            threads: 1);

    /// <summary>
    /// A restored database has transactions that its server has not counted to: what they wrote looks as if it were to come.
    /// </summary>
    [Fact]
    public async Task Goes_on_in_a_database_that_was_restored_into_a_server_that_counted_fewer_transactions()
    {
        await _stand.RenewAsync(3);
        await _stand.WriteAsync("unlinked");
        await _stand.ForgeAsync("""
            UPDATE pipeline.audit SET xid = '4000000000000';
            UPDATE pipeline.audit_links SET seen = '4000000000000:4000000000000:'
            """);
        await _stand.WriteAsync("after");

        await _stand.LinkAllAsync(batchMax: 1);
        await _stand.WriteAsync("later");
        await _stand.LinkAllAsync();

        Assert.Equal(["entry/1", "entry/2", "entry/3", "unlinked", "after", "later"], await _stand.LinkedAsync());
        Assert.Null((await _stand.VerifyAsync()).Fault);
    }

    /// <summary>Somebody holds the lock and does nothing: a process that was frozen in its round.</summary>
    [Fact]
    public async Task Tells_what_is_not_linked_and_for_how_long()
    {
        await _stand.RenewAsync(1);
        await using NpgsqlConnection holder = await database.DataSource.OpenConnectionAsync(Token);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Token);
        await using NpgsqlCommand hold = new(AuditChainSql.TryLock, holder, held);
        await hold.ExecuteScalarAsync(Token);
        await _stand.WriteAsync("left");
        await _stand.WriteAsync("left too");
        FakeTimeProvider time = new();
        using AuditChain chain = new(
            _stand.Linker, new ServiceCollection().AddMetrics().AddSingleton<PipelineMetrics>().BuildServiceProvider()
                .GetRequiredService<PipelineMetrics>(),
            database.Database.Readiness, time, NullLogger<AuditChain>.Instance);
        AuditHealthCheck health = new(chain);
        await chain.StartAsync(Token);

        await BoundedWait.UntilAsync("the entries to be counted", () => chain.Unlinked == 2);
        Assert.Equal("Healthy", (await health.CheckHealthAsync(null!, Token)).Status.ToString());
        time.Advance(AuditHealthCheck.BehindMax + AuditChain.Interval);
        Assert.Equal("Degraded", (await health.CheckHealthAsync(null!, Token)).Status.ToString());

        await held.RollbackAsync(Token);
        await BoundedWait.UntilAsync("the chain to go on", () =>
        {
            time.Advance(AuditChain.Interval);
            return chain.Unlinked == 0;
        });
        Assert.Equal(TimeSpan.Zero, chain.Behind);
        Assert.Equal(["entry/1", "left", "left too"], await _stand.LinkedAsync());
        await chain.StopAsync(Token);
    }

    [Theory]
    [InlineData("UPDATE pipeline.audit SET actor = 'nobody'")]
    [InlineData("DELETE FROM pipeline.audit")]
    [InlineData("TRUNCATE pipeline.audit")]
    [InlineData("UPDATE pipeline.audit_links SET seq = seq + 1")]
    [InlineData("DELETE FROM pipeline.audit_links WHERE false")]
    [InlineData("TRUNCATE pipeline.audit_links")]
    public async Task Nothing_is_changed_or_removed_by_accident(string sql)
    {
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync(sql));

        Assert.Equal("PL004", refused.SqlState);
    }

    [Fact]
    public async Task An_entry_has_its_bounds()
    {
        string longest = new('x', 10_000);
        var entry = AuditEntry.Of(
            new AuditActor(longest, null), AuditActions.JobCancel, TimeProvider.System.GetUtcNow(), $"job/{longest}\u0000", longest,
            ("text", longest), ("nul", "a\u0000b"), ("half", "a\uD800"));

        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        await AuditWriter.WriteAsync(connection, [entry], Token);
        await AuditWriter.WriteAsync(connection, [entry], Token); // once more changes nothing

        Assert.Equal(1, await database.ScalarAsync<long>($"""
            SELECT count(*) FROM pipeline.audit
            WHERE id = '{entry.Id}' AND length(actor) < 300 AND length(object) < 300 AND length(detail::text) < 1000
            """));
    }

    /// <summary>A transaction that stays open until it is told otherwise.</summary>
    private sealed class OpenWriter : IAsyncDisposable
    {
        private readonly NpgsqlConnection _connection;
        private readonly NpgsqlTransaction _transaction;
        private readonly string _subject;

        private OpenWriter(NpgsqlConnection connection, NpgsqlTransaction transaction, string subject) =>
            (_connection, _transaction, _subject) = (connection, transaction, subject);

        public List<string> Written { get; } = [];

        /// <param name="writesFirst">Whether it gets its number now, by an entry; else when it writes.</param>
        public static async Task<OpenWriter> BeginAsync(TestDatabase database, string subject, bool writesFirst)
        {
            NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
            OpenWriter writer = new(connection, await connection.BeginTransactionAsync(Token), subject);
            await (writesFirst ? writer.WriteAsync() : Task.CompletedTask);
            return writer;
        }

        public async Task WriteAsync()
        {
            string subject = Written.Count == 0 ? _subject : $"{_subject}/{Written.Count}";
            await AuditWriter.WriteAsync(_connection, [AuditStand.Entry(subject)], Token);
            Written.Add(subject);
        }

        public Task CommitAsync() => _transaction.CommitAsync(Token);

        public async ValueTask DisposeAsync()
        {
            await _transaction.DisposeAsync();
            await _connection.DisposeAsync();
        }
    }
}
