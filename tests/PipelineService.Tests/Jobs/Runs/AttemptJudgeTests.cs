using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;
using PipelineService.Write;

namespace PipelineService.Tests.Jobs.Runs;

public sealed class AttemptJudgeTests
{
    private const int AttemptsMax = 3;

    private readonly FakeTimeProvider _time = new();
    private readonly AttemptJudge _judge;
    private JobRow _job = new()
    {
        Id = Guid.CreateVersion7(),
        Dataset = "trips",
        DatasetVersion = 1,
        State = "running",
        ContentType = "text/csv",
        CreatedAt = DateTime.UnixEpoch,
        Spool = Guid.Empty,
    };

    public AttemptJudgeTests() => _judge = new AttemptJudge(
        Options.Create(new JobsOptions { AttemptsMax = AttemptsMax, TableWaitMax = TimeSpan.FromDays(1) }),
        Options.Create(new WriteOptions()),
        _time);

    [Theory]
    [InlineData("57P01")]
    [InlineData("25006")]
    [InlineData("53100")]
    public void An_outage_is_waited_for_however_often(string sqlState)
    {
        for (int i = 0; i < 1_000; i++)
        {
            Verdict verdict = Judge(Error(sqlState));
            Assert.Equal((null, null, "database", 0), (verdict.End, verdict.Pause, verdict.Job.WaitingFor, verdict.Job.Tries));
            _time.Advance(TimeSpan.FromHours(1));
        }
    }

    [Fact]
    public void A_spool_that_cannot_be_read_is_waited_for_however_often()
    {
        for (int i = 0; i < 1_000; i++)
        {
            Verdict verdict = Judge(new SpoolUnavailableException("gone", new IOException()));
            Assert.Equal((null, "spool", 0), (verdict.End, verdict.Job.WaitingFor, verdict.Job.Tries));
            Assert.True(verdict.Pause > TimeSpan.Zero, "It rests no table.");
        }
    }

    [Theory]
    [InlineData("55P03")]
    [InlineData("40P01")]
    [InlineData("08001")]
    public void A_table_that_is_held_is_waited_for_until_the_limit(string sqlState)
    {
        for (int i = 0; i < 24; i++)
        {
            Verdict verdict = Judge(Error(sqlState));
            Assert.Equal((null, null, "table", 0), (verdict.End, verdict.Pause, verdict.Job.WaitingFor, verdict.Job.Tries));
            _time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal("target_held", Judge(Error(sqlState)).End!.Code);
    }

    [Fact]
    public void The_wait_for_a_table_begins_anew_when_the_job_has_come_further()
    {
        Judge(Error("55P03"));
        _time.Advance(TimeSpan.FromHours(25));

        Assert.Null(Judge(Error("55P03"), bytesReached: 1).End);

        _time.Advance(TimeSpan.FromHours(25));
        Assert.Equal("target_held", Judge(Error("55P03"), bytesReached: 1).End!.Code);
    }

    public static TheoryData<Exception, string> OwnFaults => new()
    {
        { Error("57014"), "target_too_slow" },
        { new TimeoutException(), "target_too_slow" },
        { new InvalidOperationException(), "internal_error" },
        { new InsufficientMemoryException(), "internal_error" },
        { new ConversionBrokenException("The converter ended with code 139."), "file_unreadable" },
    };

    [Theory, MemberData(nameof(OwnFaults))]
    public void What_may_be_the_jobs_own_fault_is_tried_a_few_times_as_long_as_it_comes_no_further(Exception error, string code)
    {
        for (int reached = 1; reached <= 10; reached++)
        {
            Assert.Null(Judge(error, reached).End);
            Assert.Null(Judge(error, reached).End);
        }

        Assert.Equal(code, Judge(error, bytesReached: 10).End!.Code);
        Assert.Equal(AttemptsMax, _job.Tries);
    }

    [Theory]
    [InlineData("42P01")]
    [InlineData("08P01")]
    [InlineData("23505")]
    public void What_PostgreSQL_refuses_ends_the_job_at_once_and_rests_no_table(string sqlState)
    {
        Verdict verdict = Judge(Error(sqlState));

        Assert.Equal(("target_refused", TimeSpan.Zero), (verdict.End!.Code, verdict.Pause));
    }

    private Verdict Judge(Exception error, long bytesReached = 0)
    {
        Verdict verdict = _judge.Of(error, _job, bytesReached);
        _job = verdict.Job;
        return verdict;
    }

    private static PostgresException Error(string sqlState) => new("it cannot", "ERROR", "ERROR", sqlState);
}
