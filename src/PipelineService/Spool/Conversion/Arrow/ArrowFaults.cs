using System.Globalization;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>What is wrong with Arrow data, for its sender.</summary>
internal static class ArrowFaults
{
    public static UnconvertibleException Damaged(string how) => new($"The Arrow data is damaged: {how}");

    public static UnconvertibleException CutOff(long offset, string what) => Damaged(string.Create(
        CultureInfo.InvariantCulture, $"it is cut off at byte {offset}, {what}"));

    public static UnconvertibleException NotRead(string what) => new($"The Arrow data holds what is not read: {what}");
}
