using System.Text;
using Apache.Arrow;
using Apache.Arrow.Types;
using Microsoft.Win32.SafeHandles;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Conversion.Arrow;
using PipelineService.Spool.Conversion.Packing;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>Dictionaries that change between the batches of a stream, which few writers make and any reader must follow.</summary>
public sealed class ArrowDictionaryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_dictionary_is_replaced_by_the_next_of_its_id()
    {
        byte[][] first = Messages(Stream(["a", "b"], [0, 1]));
        byte[][] second = Messages(Stream(["c", "d"], [1, 0]));

        Assert.Equal("[\"x\"]\n[\"a\"]\n[\"b\"]\n[\"d\"]\n[\"c\"]\n", Convert([.. first[..3], .. second[1..3], first[^1]]));
    }

    [Fact]
    public void What_comes_to_a_dictionary_stands_behind_what_it_has()
    {
        byte[][] messages = Messages(Stream(["a", "b"], [0, 1], [3, 2], [0, 3]));

        Assert.Equal(
            "[\"x\"]\n[\"a\"]\n[\"b\"]\n[\"long\"]\n[\"c\"]\n[\"a\"]\n[\"long\"]\n",
            Convert([.. messages[..3], Delta(id: 0, "c", "long"), .. messages[3..]]));
    }

    [Fact]
    public void A_place_that_a_dictionary_does_not_have_is_damage()
    {
        byte[][] messages = Messages(Stream(["a", "b"], [0, 2]));

        Assert.Contains("none of the places of its dictionary", Assert.Throws<UnconvertibleException>(() => Convert(messages)).Message, StringComparison.Ordinal);
        Assert.Throws<UnconvertibleException>(() => Convert([messages[0], .. messages[2..]])); // without its dictionary
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Stream(string[] words, params sbyte[][] batches) => ArrowSample.Write(ArrowSample.Stream, null, [.. batches.Select(places => new[]
    {
        ("x", new ArrayData(
            new DictionaryType(Int8Type.Default, StringType.Default, ordered: false), places.Length, 0, 0,
            [ArrowBuffer.Empty, ArrowSample.Numbers(places)], null, ArrowSample.AllThere(ArrowSample.OfTexts(StringType.Default, words)))),
    })]);

    /// <summary>The messages of a stream, each with its body, and the mark of its end.</summary>
    private byte[][] Messages(byte[] stream)
    {
        const int PrefixBytes = 8;
        string path = Path.Combine(_folder.Path, "stream");
        File.WriteAllBytes(path, stream);
        using SafeFileHandle file = File.OpenHandle(path);
        return
        [
            .. new ArrowSource(file).Messages().Select(message =>
                stream[(int)(message.BodyOffset - message.Metadata.Length - PrefixBytes)..(int)(message.BodyOffset + message.BodyBytes)]),
            stream[^PrefixBytes..],
        ];
    }

    private string Convert(params byte[][] messages)
    {
        string path = Path.Combine(_folder.Path, "converted");
        File.WriteAllBytes(path, [.. messages.SelectMany(message => message)]);
        using BoundedOutput rows = new();
        ArrowConverter.Convert(
            new ConversionRequest(DataFormat.Arrow, path, new Dictionary<string, WantedForm>(), MemoryBytes: 64 << 20), new PackedRows(rows));
        return Encoding.UTF8.GetString(PackedText.OfFile(rows.ToArray()));
    }

    /// <summary>A message with more words for a dictionary, written table by table: each has what says where its fields are before it.</summary>
    private static byte[] Delta(long id, params string[] words)
    {
        int[] offsets = [0, .. words.Select((_, i) => words[..(i + 1)].Sum(word => word.Length))];
        byte[] body = new byte[64];
        Buffer.BlockCopy(offsets, 0, body, 0, 4 * offsets.Length);
        Encoding.ASCII.GetBytes(string.Concat(words)).CopyTo(body, 32);
        using MemoryStream bytes = new();
        using BinaryWriter to = new(bytes);
        to.Write(-1);
        to.Write(184);
        to.Write(20); // the message, which has version, kind, header and length of the body
        foreach (short field in (short[])[12, 24, 4, 6, 8, 16, 0, 0])
        {
            to.Write(field);
        }

        to.Write(16);
        to.Write((short)4);
        to.Write((short)ArrowMessageKind.DictionaryBatch);
        to.Write(56 - 28);
        to.Write(0);
        to.Write((long)body.Length);
        foreach (short field in (short[])[10, 20, 4, 12, 16, 0]) // the dictionary: id, values, whether it adds to what is there
        {
            to.Write(field);
        }

        to.Write(12);
        to.Write(id);
        to.Write(88 - 68);
        to.Write(1);
        foreach (short field in (short[])[10, 20, 4, 12, 16, 0]) // the batch: rows, lengths, buffers
        {
            to.Write(field);
        }

        to.Write(12);
        to.Write((long)words.Length);
        to.Write(108 - 100);
        to.Write(128 - 104);
        to.Write(1);
        to.Write((long)words.Length);
        to.Write(0L);
        to.Write(3);
        foreach (long place in (long[])[0, 0, 0, 4 * offsets.Length, 32, offsets[^1]])
        {
            to.Write(place);
        }

        to.Write(0);
        to.Write(body);
        return bytes.ToArray();
    }
}
