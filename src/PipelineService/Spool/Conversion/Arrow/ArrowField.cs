namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>
/// The types of Arrow by their numbers. Source: <c>union Type</c> in https://github.com/apache/arrow/blob/main/format/Schema.fbs.
/// </summary>
internal enum ArrowKind : byte
{
    None, Null, Int, FloatingPoint, Binary, Utf8, Bool, Decimal, Date, Time, Timestamp, Interval, List, Struct, Union, FixedSizeBinary,
    FixedSizeList, Map, Duration, LargeBinary, LargeUtf8, LargeList, RunEndEncoded, BinaryView, Utf8View, ListView, LargeListView,
}

/// <summary>A type, with what its numbers say of it.</summary>
internal sealed record ArrowType(ArrowKind Kind)
{
    /// <summary>Of a number or a time; bytes of a fixed-size binary, items of a fixed-size list.</summary>
    public int Width { get; init; }

    public bool IsSigned { get; init; }

    /// <summary>
    /// 0 to 3: seconds, milli-, micro-, nanoseconds. Of a date 0 is days; of an interval 0 is months, 1 days and time, 2 both.
    /// </summary>
    public int Unit { get; init; }

    public int Scale { get; init; }

    /// <summary>Of a timestamp, whether it is a moment: it has a zone, and its number is of UTC.</summary>
    public bool HasZone { get; init; }

    /// <summary>Of a union, whether its items lie where the offsets say; else each child is as long as all.</summary>
    public bool IsDense { get; init; }

    /// <summary>Of a union, for each child its number; null where they are counted.</summary>
    public int[]? TypeIds { get; init; }
}

/// <summary>A column, or a part of one.</summary>
/// <param name="Dictionary">
/// The id of the dictionary whose places stand for values, and how they are written; null for values as they are.
/// </param>
internal sealed record ArrowField(string Name, ArrowType Type, ArrowField[] Children, (long Id, ArrowType Index)? Dictionary)
{
    /// <summary>What the storage stands for, as <c>arrow.uuid</c>; empty for itself.</summary>
    public string Extension { get; init; } = "";
}
