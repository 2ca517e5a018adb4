using System.IO.Compression;
using ZstdSharp;

namespace PipelineService.Spool.Conversion.Parquet;

/// <summary>
/// Decodes the first few bytes of a page, whatever is behind them. Sources: https://github.com/google/snappy/blob/main/format_description.txt,
/// https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md.
/// </summary>
internal static class PageBeginning
{
    /// <param name="codec">How the page is compressed.</param>
    /// <param name="page">Its bytes, or as many of the first as there is room for.</param>
    /// <param name="length">How many these are.</param>
    /// <param name="begin">Takes what they say.</param>
    /// <returns>Bytes that were taken; 0 where it is not known how, or the page is damaged: that is told by who reads it.</returns>
    public static int Decode(ParquetCodec codec, byte[] page, int length, Span<byte> begin)
    {
        ReadOnlySpan<byte> source = page.AsSpan(0, length);
        switch (codec)
        {
            case ParquetCodec.None:
                length = Math.Min(length, begin.Length);
                source[..length].CopyTo(begin);
                return length;
            case ParquetCodec.Snappy:
                return Snappy(source, begin);
            case ParquetCodec.Lz4:
                return Lz4(source, begin);
            case ParquetCodec.Gzip:
                return Read(new GZipStream(new MemoryStream(page, 0, length), CompressionMode.Decompress), begin);
            case ParquetCodec.Brotli:
                return Read(new BrotliStream(new MemoryStream(page, 0, length), CompressionMode.Decompress), begin);
            case ParquetCodec.Zstd:
                return Read(new DecompressionStream(new MemoryStream(page, 0, length)), begin);
            default:
                return 0;
        }
    }

    private static int Read(Stream stream, Span<byte> begin)
    {
        using (stream)
        {
            try
            {
                return stream.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false);
            }
            catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException or ZstdException)
            {
                return 0;
            }
        }
    }

    private static int Snappy(ReadOnlySpan<byte> source, Span<byte> begin)
    {
        Beginning made = new(source, begin);
        while (made.Take() >= 0x80)
        {
            // How long all of it is.
        }

        while (!made.IsDone)
        {
            int tag = made.Take(), length = tag >> 2;
            switch (tag & 0b11)
            {
                case 0:
                    made.Literals(1 + (length < 60 ? length : made.Number(length - 59)));
                    break;
                case 1:
                    made.Copy(4 + (length & 0b111), ((tag >> 5) << 8) | made.Take());
                    break;
                case 2:
                    made.Copy(1 + length, made.Number(2));
                    break;
                default:
                    made.Copy(1 + length, made.Number(4));
                    break;
            }
        }

        return made.Length;
    }

    private static int Lz4(ReadOnlySpan<byte> source, Span<byte> begin)
    {
        const int MatchBytesMin = 4;
        Beginning made = new(source, begin);
        while (!made.IsDone)
        {
            int token = made.Take();
            made.Literals(LengthOf(ref made, token >> 4));
            if (!made.IsDone)
            {
                int offset = made.Number(2);
                made.Copy(LengthOf(ref made, token & 0xF) + MatchBytesMin, offset);
            }
        }

        return made.Length;
    }

    private static int LengthOf(ref Beginning made, int length)
    {
        for (int more = length == 0xF ? byte.MaxValue : 0; more == byte.MaxValue && !made.IsDone;)
        {
            more = made.Take();
            length += more;
        }

        return length;
    }

    /// <summary>What is made, up to the end of the room for it or of what it is made of.</summary>
    private ref struct Beginning(ReadOnlySpan<byte> source, Span<byte> made)
    {
        private readonly Span<byte> _made = made;
        private ReadOnlySpan<byte> _source = source;
        private bool _isBroken;

        public int Length { get; private set; }

        public readonly bool IsDone => _isBroken || _source.IsEmpty || Length == _made.Length;

        /// <summary>The next byte; 0 where there is none.</summary>
        public int Take()
        {
            if (_source.IsEmpty)
            {
                return 0;
            }

            byte next = _source[0];
            _source = _source[1..];
            return next;
        }

        public int Number(int bytes)
        {
            int number = 0;
            for (int i = 0; i < bytes; i++)
            {
                number |= Take() << (8 * i);
            }

            return number;
        }

        /// <summary>A length below 0 is one of more than 2 GiB.</summary>
        public void Literals(int length)
        {
            int count = (int)Math.Min(Math.Min((uint)length, (uint)_source.Length), (uint)(_made.Length - Length));
            _source[..count].CopyTo(_made[Length..]);
            _source = _source[count..];
            Length += count;
        }

        public void Copy(int length, int offset)
        {
            _isBroken |= offset <= 0 || offset > Length;
            for (; length > 0 && !_isBroken && Length < _made.Length; length--)
            {
                _made[Length] = _made[Length - offset];
                Length++;
            }
        }
    }
}
