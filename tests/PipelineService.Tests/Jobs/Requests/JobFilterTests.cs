using PipelineService.Hosting.Http;
using PipelineService.Jobs.Requests;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>How times in a query are read, and what they mean for ids.</summary>
public sealed class JobFilterTests
{
    private static readonly DateTime Noon = new(2026, 11, 26, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData("2026-11-26", "2026-11-26T00:00:00Z")]
    [InlineData("2026-11-26T12:00:00Z", "2026-11-26T12:00:00Z")]
    [InlineData("2026-11-26t12:00:00.25z", "2026-11-26T12:00:00.25Z")]
    [InlineData("2026-11-26T12:00:00+02:00", "2026-11-26T10:00:00Z")]
    [InlineData("2026-11-26T12:00:00 02:00", "2026-11-26T10:00:00Z")] // a plus sign that was not escaped
    [InlineData("2026-11-26T12:00:00-05:30", "2026-11-26T17:30:00Z")]
    [InlineData("2026-11-26T12:00:00", "2026-11-26T12:00:00Z")]
    [InlineData("2026-11-26T12:00Z", "2026-11-26T12:00:00Z")]
    public void Reads_times_and_dates(string text, string time)
    {
        Dictionary<string, string[]> faults = [];

        DateTime? read = QueryTime.Parse("createdAfter", text, faults);

        Assert.Empty(faults);
        Assert.Equal(DateTimeKind.Utc, read!.Value.Kind);
        Assert.Equal(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture).UtcDateTime, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("26.11.2026")]
    [InlineData("2026-02-30")]
    [InlineData("2026-11-26T25:00:00Z")]
    [InlineData("1764158400")]
    public void Says_how_a_time_is_written(string text)
    {
        Dictionary<string, string[]> faults = [];

        Assert.Null(QueryTime.Parse("createdAfter", text, faults));
        Assert.Contains("2026-11-26T08:30:00Z", Assert.Single(faults["/createdAfter"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Times_bound_ids_so_that_no_job_of_the_time_is_missed()
    {
        JobFilter filter = new() { Limit = 1, CreatedAfter = Noon, CreatedBefore = Noon };

        // Any id that is made in the millisecond of the time lies between, and the time itself decides.
        var made = Guid.CreateVersion7(new DateTimeOffset(Noon.AddTicks(9_999)));
        Assert.True(filter.From <= made && made < filter.Until);
        Assert.True(Guid.CreateVersion7(new DateTimeOffset(Noon.AddTicks(-1))) < filter.From);
        Assert.True(Guid.CreateVersion7(new DateTimeOffset(Noon.AddMilliseconds(1))) >= filter.Until);
    }

    [Fact]
    public void A_cursor_and_a_time_bound_together()
    {
        var early = Guid.CreateVersion7(new DateTimeOffset(Noon.AddDays(-1)));
        var late = Guid.CreateVersion7(new DateTimeOffset(Noon.AddDays(1)));
        Guid? noon = new JobFilter { Limit = 1, CreatedBefore = Noon }.Until;

        Assert.Equal(early, new JobFilter { Limit = 1, CreatedBefore = Noon, Cursor = early }.Until);
        Assert.Equal(noon, new JobFilter { Limit = 1, CreatedBefore = Noon, Cursor = late }.Until);
        Assert.Equal(late, new JobFilter { Limit = 1, Cursor = late }.Until);
        Assert.Null(new JobFilter { Limit = 1 }.Until);
    }
}
