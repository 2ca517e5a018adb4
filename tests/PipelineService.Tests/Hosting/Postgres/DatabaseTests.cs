using Microsoft.Extensions.Time.Testing;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Tests.Infrastructure;
using Polly.CircuitBreaker;

namespace PipelineService.Tests.Hosting.Postgres;

/// <summary>A real pool, injected faults, and a clock that only moves when told to.</summary>
public sealed class DatabaseTests(TestDatabase fixture) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private static readonly HostingOptions Options = new()
    {
        BreakerFailures = 4,
        BreakerDuration = TimeSpan.FromSeconds(5),
        RetryDelayBase = TimeSpan.FromMilliseconds(100),
    };

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly FakeTimeProvider _time = new();
    private Database _database = null!;
    private int _attempts;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _database = DatabaseAccess.To(DatabaseAccess.Pool(fixture.ConnectionString, Options, new DatabaseIdentity()), Options, _time);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Retries_a_transient_fault()
    {
        int result = await _time.AdvanceUntilAsync(_database.RunAsync(Failing(times: 2, Outage()), Cancellation), Step);

        Assert.Equal(42, result);
        Assert.Equal(3, _attempts);
        Assert.True(_database.IsAvailable);
    }

    /// <summary>What the driver throws then is of no type of its own.</summary>
    public static TheoryData<Exception> Races =>
    [
        new ObjectDisposedException(typeof(ManualResetEventSlim).FullName),
        (Exception)Activator.CreateInstance(typeof(Exception), "Received unexpected backend message DataRow. Please file a bug.")!,
    ];

    [Theory]
    [MemberData(nameof(Races))]
    public async Task Retries_when_the_driver_has_lost_its_connection_to_another_thread(Exception fault)
    {
        int result = await _time.AdvanceUntilAsync(_database.RunAsync(Failing(times: 1, fault), Cancellation), Step);

        Assert.Equal(42, result);
        Assert.True(SqlFaults.MayPass(fault));
    }

    [Fact]
    public async Task Throws_other_faults_at_once()
    {
        await Assert.ThrowsAsync<InvalidDataException>(
            () => _database.RunAsync(Failing(times: 1, new InvalidDataException()), Cancellation));

        Assert.Equal(1, _attempts);
    }

    [Theory]
    [InlineData("28P01")]
    [InlineData("3D000")]
    [InlineData("42501")]
    public async Task Tells_a_request_of_a_server_that_lets_nobody_in(string sqlState)
    {
        var refusal = new PostgresException("no", "ERROR", "ERROR", sqlState);

        DatabaseUnavailableException answer = await Assert.ThrowsAsync<DatabaseUnavailableException>(() => _time.AdvanceUntilAsync(
            _database.RunAsync(Failing(times: 1, refusal), Cancellation), Step));

        Assert.Contains($"SQLSTATE {sqlState}", answer.Message, StringComparison.Ordinal);
        Assert.Equal(1, _attempts);
    }

    [Fact]
    public async Task Goes_on_telling_it_when_that_has_opened_the_circuit()
    {
        var refusal = new PostgresException("no", "FATAL", "FATAL", PostgresErrorCodes.InvalidPassword);
        for (int fault = 0; fault < Options.BreakerFailures; fault++)
        {
            await _database.ReportFaultAsync(refusal);
        }

        DatabaseUnavailableException answer = await Assert.ThrowsAsync<DatabaseUnavailableException>(
            () => _database.RunAsync(Failing(times: 0, refusal), Cancellation));

        Assert.Equal(0, _attempts);
        Assert.Contains("SQLSTATE 28P01", answer.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opens_after_repeated_faults_then_closes_with_the_first_success()
    {
        await OpenCircuitAsync();
        Assert.Equal(CircuitState.Open, _database.Circuit.State);
        Assert.False(_database.IsAvailable);

        // While it is open nobody reaches the database.
        int before = _attempts;
        DatabaseUnavailableException refusal = await Assert.ThrowsAsync<DatabaseUnavailableException>(
            () => _database.RunAsync(Failing(times: 0, Outage()), Cancellation));
        Assert.Equal(before, _attempts);
        Assert.InRange(refusal.RetryAfter, TimeSpan.FromSeconds(1), Options.BreakerDuration);

        Task closed = _database.Circuit.WaitUntilAsync(state => state == CircuitState.Closed, Cancellation);
        _time.Advance(Options.BreakerDuration);
        Assert.Equal(42, await _database.RunAsync(Failing(times: 0, Outage()), Cancellation));
        await closed;
        Assert.True(_database.IsAvailable);
    }

    [Fact]
    public async Task Opens_again_when_the_attempt_in_between_fails()
    {
        await OpenCircuitAsync();
        _time.Advance(Options.BreakerDuration);
        Task halfOpen = _database.Circuit.WaitUntilAsync(state => state == CircuitState.HalfOpen, Cancellation);

        await Assert.ThrowsAsync<DatabaseUnavailableException>(() => _time.AdvanceUntilAsync(
            _database.RunAsync(Failing(times: 1, Outage()), Cancellation), Step));

        await halfOpen;
        Assert.Equal(CircuitState.Open, _database.Circuit.State);
    }

    [Fact]
    public async Task Patient_work_waits_through_an_outage_without_spinning()
    {
        DateTimeOffset start = _time.GetUtcNow();

        int result = await _time.AdvanceUntilAsync(
            _database.RunPatientlyAsync(Failing(times: 20, Outage()), Cancellation), Step);

        Assert.Equal(42, result);
        Assert.Equal(21, _attempts);
        Assert.True(_time.GetUtcNow() - start > TimeSpan.FromMinutes(1), "21 attempts in less than a minute");
        Assert.True(_database.IsAvailable);
    }

    [Fact]
    public async Task Patient_work_ends_when_it_is_cancelled()
    {
        await OpenCircuitAsync();
        using var stop = new CancellationTokenSource();
        Task<int> work = _database.RunPatientlyAsync(Failing(times: 0, Outage()), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
    }

    [Fact]
    public async Task Deadlocks_are_retried_but_do_not_open_the_circuit()
    {
        var deadlock = new PostgresException("deadlock", "ERROR", "ERROR", PostgresErrorCodes.DeadlockDetected);

        int result = await _time.AdvanceUntilAsync(
            _database.RunPatientlyAsync(Failing(times: 10, deadlock), Cancellation), Step);

        Assert.Equal(42, result);
        Assert.True(_database.IsAvailable);
    }

    [Fact]
    public async Task Faults_of_write_sessions_count_too()
    {
        for (int fault = 0; fault < Options.BreakerFailures; fault++)
        {
            await _database.ReportFaultAsync(Outage());
            await _database.ReportFaultAsync(new InvalidDataException("not an outage: ignored"));
        }

        Assert.Equal(CircuitState.Open, _database.Circuit.State);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_given_up()
    {
        DatabaseUnavailableException refusal = await Assert.ThrowsAsync<DatabaseUnavailableException>(
            () => _time.AdvanceUntilAsync(
                _database.RunAsync(
                    async (_, cancellationToken) =>
                    {
                        await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken);
                        return 0;
                    },
                    Cancellation),
                Step));

        Assert.IsType<Polly.Timeout.TimeoutRejectedException>(refusal.InnerException);
    }

    [Fact]
    public async Task Before_it_is_ready_requests_are_refused_and_background_work_waits()
    {
        await using Database database = DatabaseAccess.NotReady(Options, _time);

        await Assert.ThrowsAsync<DatabaseUnavailableException>(
            () => database.RunAsync(Failing(times: 0, Outage()), Cancellation));
        Task<int> work = database.RunPatientlyAsync(Failing(times: 0, Outage()), Cancellation);
        Assert.False(work.IsCompleted);

        database.Attach(DatabaseAccess.Pool(fixture.ConnectionString, Options, database.Identity));
        database.Readiness.Signal();
        Assert.Equal(42, await work);
    }

    private static NpgsqlException Outage() => new("injected", new IOException("connection reset"));

    private async Task OpenCircuitAsync() => await Assert.ThrowsAsync<DatabaseUnavailableException>(
        () => _time.AdvanceUntilAsync(_database.RunAsync(Failing(times: 100, Outage()), Cancellation), Step));

    /// <summary>Work that fails so many times, counted from now, and then answers 42.</summary>
    private Func<NpgsqlConnection, CancellationToken, Task<int>> Failing(int times, Exception fault)
    {
        int left = times;
        return (_, _) =>
        {
            _attempts++;
            return left-- > 0 ? Task.FromException<int>(fault) : Task.FromResult(42);
        };
    }
}
