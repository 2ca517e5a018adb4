using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Tracing;

/// <summary>The value of a field at one place in the list of ops.</summary>
/// <param name="Written">As it is written there, or its beginning; null where there is no value.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Spelling">What must be undone to read it.</param>
/// <param name="Length">Bytes of all of it.</param>
public readonly record struct TracedValue(byte[]? Written, ValueKind Kind, ValueSpelling Spelling, int Length)
{
    /// <summary>Bytes of a value that are kept: more than are shown, however it is spelled.</summary>
    public const int BytesMax = 2_048;

    /// <summary>The value of a field of the record at hand.</summary>
    /// <param name="bytes">The chunk.</param>
    /// <param name="field">0-based index among the columns of the dataset.</param>
    internal static TracedValue Of(ReadOnlySpan<byte> bytes, RecordValues values, int field)
    {
        RecordValue value = values.Get(field);
        if (value.IsMissing)
        {
            return default;
        }

        if (value.Kind == ValueKind.Typed)
        {
            TypedValue typed = values.Typed.Get(RecordSlots.Of(field));
            if (typed.Kind is TypedKind.Text or TypedKind.Json)
            {
                return Of(typed.Text.Span, value.Kind, ValueSpelling.Plain);
            }

            Span<byte> text = stackalloc byte[TypedText.BytesMax];
            return Of(text[..TypedText.Write(typed, text)], value.Kind, ValueSpelling.Plain);
        }

        if (value.Kind == ValueKind.Packed)
        {
            ReadOnlySpan<byte> written = bytes.Slice(value.Start, value.Length);
            Span<byte> text = stackalloc byte[PackedValue.TextBytesMax];
            return Of(text[..PackedValue.WriteText(written, text)], PackedValue.KindOf(written), ValueSpelling.Plain);
        }

        return value.Spelling == ValueSpelling.Made
            ? Of(values.MadeText(value), value.Kind, ValueSpelling.Plain)
            : Of(bytes.Slice(value.Start, value.Length), value.Kind, value.Spelling);
    }

    /// <summary>Whether both are written alike, as far as they are kept.</summary>
    internal bool IsLike(TracedValue other) =>
        Written is null || other.Written is null
            ? Written is null && other.Written is null
            : Length == other.Length && Spelling == other.Spelling && Written.AsSpan().SequenceEqual(other.Written);

    private static TracedValue Of(ReadOnlySpan<byte> written, ValueKind kind, ValueSpelling spelling) =>
        new(written[..Math.Min(written.Length, BytesMax)].ToArray(), kind, spelling, written.Length);
}

/// <summary>A field and what it has.</summary>
/// <param name="Field">0-based index among the columns of the dataset.</param>
public readonly record struct TracedField(int Field, TracedValue Value);

/// <summary>What an op has made of a field.</summary>
/// <param name="Field">0-based index among the columns of the dataset.</param>
public readonly record struct TracedChange(int Field, TracedValue Before, TracedValue After);

/// <summary>What an op has done to a record.</summary>
/// <param name="Op">0-based index of the op.</param>
/// <param name="Result">What became of the record.</param>
/// <param name="Inputs">What the fields had by which it decides, before it ran; none of one that works on texts where they stand.</param>
/// <param name="Changes">The fields that have another value behind it.</param>
public sealed record TracedStep(
    int Op, StepResult Result, ImmutableArray<TracedField> Inputs, ImmutableArray<TracedChange> Changes);

/// <summary>What has become of a column of a record's row.</summary>
/// <param name="Column">What is declared of it.</param>
/// <param name="Value">What the ops have left for it.</param>
/// <param name="Code">None, or why the value was refused.</param>
/// <param name="Stored">The value as the column stores it; null where it was refused.</param>
/// <param name="IsSettled">Whether no op that has not run may change it.</param>
public sealed record TracedColumn(ColumnPlan Column, TracedValue Value, RecordErrorCode Code, StoredValue? Stored, bool IsSettled);
