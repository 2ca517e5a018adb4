using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Rules;

public sealed class RecordErrorCodesTests
{
    /// <summary>Stored and read by clients. A line may be added; a failing test here means that data would change its meaning.</summary>
    private static readonly Dictionary<int, string> Frozen = new()
    {
        [1] = "type_mismatch",
        [2] = "required",
        [3] = "minimum",
        [4] = "maximum",
        [5] = "min_length",
        [6] = "max_length",
        [7] = "pattern",
        [8] = "enum",
        [9] = "format",
        [10] = "unique",
        [11] = "foreign_key",
        [12] = "check",
        [13] = "invalid_utf8",
        [14] = "nul_character",
        [15] = "too_few_fields",
        [16] = "too_many_fields",
        [17] = "unterminated_quote",
        [18] = "record_too_long",
        [19] = "malformed_json",
        [20] = "out_of_range",
        [21] = "duplicate_field",
        [22] = "expression",
        [23] = "database",
        [24] = "more_errors",
        [25] = "unmended",
        [26] = "unmapped",
        [27] = "result_too_long",
        [28] = "exclusive_minimum",
        [29] = "exclusive_maximum",
        [30] = "json_schema",
        [31] = "require",
        [32] = "lookup_missing",
        [33] = "no_items",
        [34] = "too_many_items",
        [36] = "invalid_encoding",
        [40] = "score_input_missing",
        [41] = "score_input_too_large",
        [42] = "score_not_finite",
        [43] = "score_failed",
    };

    [Fact]
    public void Numbers_and_names_are_frozen() => Assert.Equal(
        Frozen,
        Enum.GetValues<RecordErrorCode>().Where(code => code != RecordErrorCode.None)
            .ToDictionary(code => (int)code, RecordErrorCodes.NameOf));

    [Fact]
    public void Names_are_read_back()
    {
        Assert.All(Frozen, pair =>
        {
            Assert.True(RecordErrorCodes.TryParse(pair.Value, out RecordErrorCode code));
            Assert.Equal(pair.Key, (int)code);
        });
        Assert.False(RecordErrorCodes.TryParse("none", out _));
        Assert.False(RecordErrorCodes.TryParse("TypeMismatch", out _));
    }

    [Fact]
    public void No_error_has_no_name() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => RecordErrorCodes.NameOf(RecordErrorCode.None));
}
