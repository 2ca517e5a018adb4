using System.Globalization;
using CsCheck;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;

namespace PipelineService.Tests.Jobs.Requests;

public sealed class PagingTests
{
    private static readonly JobsOptions Options = new() { PageSize = 100, PageSizeMax = 1_000 };

    private static readonly Gen<string> Cursor = Gen.OneOf(Gen.Guid.Select(Paging.CursorOf), Gen.Long.Select(Paging.CursorOf));

    /// <summary>What clients send by mistake: other letters, other lengths, cursors of another list and cursors that were cut.</summary>
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[0, 80],
        Gen.String[Gen.Char["abcXYZ019-_=+/ "], 0, 30],
        Gen.Select(Cursor, Gen.Int[0, 22], (cursor, length) => cursor[..Math.Min(length, cursor.Length)]),
        Gen.Select(Cursor, Cursor, (cursor, other) => cursor + other),
        Cursor);

    private static readonly Gen<int> Limit = Gen.OneOf(Gen.Int[-2_000, 2_000], Gen.OneOf(Gen.Int[-1, 2], Gen.Int[999, 1_001]));

    [Fact]
    public void A_cursor_leads_back_to_its_job() => Gen.Guid.Sample(id =>
    {
        Dictionary<string, string[]> faults = [];
        Assert.Equal(id, Paging.ParseCursor(Paging.CursorOf(id), faults));
        Assert.Empty(faults);
    });

    [Fact]
    public void A_cursor_leads_back_to_its_record() => Gen.Long.Sample(record =>
    {
        Dictionary<string, string[]> faults = [];
        Assert.Equal(record, Paging.ParseRecordCursor(Paging.CursorOf(record), faults));
        Assert.Empty(faults);
    });

    [Fact]
    public void A_text_is_a_cursor_or_a_fault_and_never_both() => Text.Sample(
        text =>
        {
            Dictionary<string, string[]> faults = [];
            Guid? id = Paging.ParseCursor(text, faults);
            Assert.Equal(id is null, faults.ContainsKey("/cursor"));
            Assert.True(id is null || IsWritten(text, Paging.CursorOf(id.Value)));

            Dictionary<string, string[]> recordFaults = [];
            long record = Paging.ParseRecordCursor(text, recordFaults);
            Assert.Equal(!IsWritten(text, Paging.CursorOf(record)), recordFaults.ContainsKey("/cursor"));
        },
        iter: 1_000);

    [Fact]
    public void A_limit_is_any_whole_number_of_the_range_and_no_other() => Limit.Sample(limit =>
    {
        Dictionary<string, string[]> faults = [];
        int size = Paging.ParseLimit(limit.ToString(CultureInfo.InvariantCulture), Options, faults);
        bool isInRange = limit >= 1 && limit <= Options.PageSizeMax;
        Assert.Equal(isInRange ? limit : Options.PageSize, size);
        Assert.Equal(!isInRange, faults.ContainsKey("/limit"));
    });

    [Theory]
    [InlineData("")]
    [InlineData(" 5")]
    [InlineData("+5")]
    [InlineData("5.0")]
    [InlineData("1,000")]
    [InlineData("99999999999999999999")]
    public void A_limit_that_is_no_whole_number_is_a_fault(string limit)
    {
        Dictionary<string, string[]> faults = [];

        Assert.Equal(Options.PageSize, Paging.ParseLimit(limit, Options, faults));
        Assert.Contains($"'{limit}'", Assert.Single(faults["/limit"]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_away_is_the_first_page_of_the_usual_size()
    {
        Dictionary<string, string[]> faults = [];

        Assert.Equal(Options.PageSize, Paging.ParseLimit(null, Options, faults));
        Assert.Null(Paging.ParseCursor(null, faults));
        Assert.Equal(0, Paging.ParseRecordCursor(null, faults));
        Assert.Empty(faults);
    }

    /// <summary>Blanks and padding do not count, nor the last character's bits beyond those of the bytes.</summary>
    private static bool IsWritten(string text, string cursor) =>
        text.Replace(" ", "", StringComparison.Ordinal).TrimEnd('=') is { } written
        && written.Length == cursor.Length && written[..^1] == cursor[..^1];
}
