using System.Runtime.CompilerServices;

namespace PipelineService.Core.Compression;

/// <summary>Repeats bytes that were decoded before.</summary>
internal static class BackReference
{
    /// <summary>Repeats what lies so far back, also beyond the length: there is room for that.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(ref byte to, int distance, int length)
    {
        ref byte from = ref Unsafe.Subtract(ref to, distance);
        if (distance >= 8)
        {
            for (int i = 0; i < length; i += 8)
            {
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, i), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref from, i)));
            }
        }
        else if (distance == 1)
        {
            Unsafe.InitBlockUnaligned(ref to, from, (uint)length);
        }
        else
        {
            for (int i = 0; i < length; i++)
            {
                Unsafe.Add(ref to, i) = Unsafe.Add(ref from, i);
            }
        }
    }
}
