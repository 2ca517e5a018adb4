using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Packing;

/// <summary>Packs values that lie side by side and all take as many bytes.</summary>
internal abstract class ColumnPacker
{
    /// <summary>Of one value where they lie.</summary>
    public abstract int ItemBytes { get; }

    /// <summary>Adds the length of each value to that of its row.</summary>
    /// <param name="values">As many as there are rows.</param>
    /// <param name="there">Of each whether it is there; nothing where all are.</param>
    /// <param name="lengths">Of the rows.</param>
    /// <returns>False when one of them does not have the form: nothing was added.</returns>
    public abstract bool TryMeasure(ReadOnlySpan<byte> values, ReadOnlySpan<byte> there, Span<int> lengths);

    /// <summary>Writes the values, and moves the places behind them.</summary>
    /// <param name="values">Those that were measured.</param>
    /// <param name="there">As they were measured.</param>
    /// <param name="rows">Takes them.</param>
    /// <param name="places">In it, one for each.</param>
    public abstract void Write(ReadOnlySpan<byte> values, ReadOnlySpan<byte> there, Span<byte> rows, Span<int> places);

    /// <param name="wanted">The form in which the values are taken.</param>
    /// <returns>Null where they have none.</returns>
    public static ColumnPacker? OfIntegers<T>(PackedTag wanted)
        where T : unmanaged, IBinaryInteger<T> => wanted switch
        {
            PackedTag.Integer => new ColumnPacker<T, IntegerForm<T>>(default),
            PackedTag.Decimal => OfDecimals<T>(scale: 0, wanted),
            _ => null,
        };

    /// <param name="scale">Digits behind the point.</param>
    /// <inheritdoc cref="OfIntegers"/>
    public static ColumnPacker? OfDecimals<T>(int scale, PackedTag wanted)
        where T : unmanaged, IBinaryInteger<T> =>
        wanted == PackedTag.Decimal && DecimalForm.IsScale(scale) ? new ColumnPacker<T, DecimalForm<T>>(new((byte)scale)) : null;

    /// <inheritdoc cref="OfIntegers"/>
    public static ColumnPacker? OfFloats(PackedTag wanted) =>
        wanted == PackedTag.Float ? new ColumnPacker<double, FloatForm>(default) : null;

    /// <inheritdoc cref="OfIntegers"/>
    public static ColumnPacker? OfSingles(PackedTag wanted) =>
        wanted == PackedTag.Single ? new ColumnPacker<float, SingleForm>(default) : null;

    /// <inheritdoc cref="OfIntegers"/>
    public static ColumnPacker? OfDates(PackedTag wanted) =>
        wanted == PackedTag.Date ? new ColumnPacker<int, DateForm>(default) : null;

    /// <param name="nanoseconds">Of one unit.</param>
    /// <param name="isInUtc">Whether they are moments.</param>
    /// <inheritdoc cref="OfIntegers"/>
    public static ColumnPacker? OfTimes(long nanoseconds, bool isInUtc, PackedTag wanted) =>
        TimeForm.TagOf(isInUtc, wanted) is var tag && tag == PackedTag.Null ? null
        : nanoseconds == 1 ? new ColumnPacker<long, NanosecondForm>(new(tag))
        : new ColumnPacker<long, TimeForm>(new(tag, nanoseconds));
}

/// <inheritdoc cref="ColumnPacker"/>
internal sealed class ColumnPacker<T, TForm>(TForm form) : ColumnPacker
    where T : unmanaged
    where TForm : struct, IPackedForm<T>
{
    public override int ItemBytes => Unsafe.SizeOf<T>();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool TryMeasure(ReadOnlySpan<byte> values, ReadOnlySpan<byte> there, Span<int> lengths)
    {
        TForm own = form;
        for (int i = 0; i < lengths.Length; i++)
        {
            if (!own.Fits(At(values, i)) && (there.IsEmpty || there[i] != 0))
            {
                return false;
            }
        }

        if (there.IsEmpty)
        {
            foreach (ref int length in lengths)
            {
                length += 1 + TForm.Bytes;
            }

            return true;
        }

        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] += 1 + (there[i] * TForm.Bytes);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Write(ReadOnlySpan<byte> values, ReadOnlySpan<byte> there, Span<byte> rows, Span<int> places)
    {
        TForm own = form;
        for (int i = 0; i < places.Length; i++)
        {
            int at = places[i];
            if (!there.IsEmpty && there[i] == 0)
            {
                rows[at] = (byte)PackedTag.Null;
                places[i] = at + 1;
                continue;
            }

            Span<byte> place = rows.Slice(at, 1 + TForm.Bytes);
            place[0] = (byte)own.Tag;
            own.Write(At(values, i), place[1..]);
            places[i] = at + 1 + TForm.Bytes;
        }
    }

    /// <summary>Whatever their places are divisible by.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T At(ReadOnlySpan<byte> values, int index) => MemoryMarshal.Read<T>(values[(index * Unsafe.SizeOf<T>())..]);
}
