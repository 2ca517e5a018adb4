using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Writes a message in protobuf's wire form, field by field: as much of it as models take.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    public WireWriter Number(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
        return this;
    }

    public WireWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    public WireWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public WireWriter Message(int field, WireWriter value) => Bytes(field, value.ToArray());

    public WireWriter Messages(int field, IEnumerable<WireWriter> values)
    {
        foreach (WireWriter value in values)
        {
            Message(field, value);
        }

        return this;
    }

    public WireWriter Float(int field, float value)
    {
        Varint(((ulong)field << 3) | 5);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Write([(byte)(value | 0x80)]);
        }

        _bytes.Write([(byte)value]);
    }
}

/// <summary>Makes models in the ONNX format, without any of its tools.</summary>
/// <remarks>Numbers of fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.</remarks>
internal static class OnnxWriter
{
    public const int OfFloat = 1, OfInt32 = 6, OfInt64 = 7, OfText = 8, OfBool = 9, OfDouble = 11;

    /// <summary>A model of operators one after the other.</summary>
    public static byte[] Model(WireWriter graph, int opset = 13, params (string Key, string Value)[] metadata) => new WireWriter()
        .Number(1, 7)
        .Text(2, "tests")
        .Message(7, graph)
        .Message(8, new WireWriter().Text(1, "").Number(2, opset))
        .Message(8, new WireWriter().Text(1, "ai.onnx.ml").Number(2, 2))
        .Messages(14, metadata.Select(entry => new WireWriter().Text(1, entry.Key).Text(2, entry.Value)))
        .ToArray();

    public static WireWriter Graph(
        IEnumerable<WireWriter> nodes, IEnumerable<WireWriter> inputs, IEnumerable<WireWriter> outputs, params WireWriter[] constants) =>
        new WireWriter().Messages(1, nodes).Text(2, "g").Messages(5, constants).Messages(11, inputs).Messages(12, outputs);

    public static WireWriter Node(string type, string[] inputs, string[] outputs, string domain = "", params WireWriter[] attributes)
    {
        WireWriter node = new();
        foreach (string input in inputs)
        {
            node.Text(1, input);
        }

        foreach (string output in outputs)
        {
            node.Text(2, output);
        }

        return node.Text(4, type).Messages(5, attributes).Text(7, domain);
    }

    public static WireWriter Attribute(string name, long value) => new WireWriter().Text(1, name).Number(3, value).Number(20, 2);

    public static WireWriter Attribute(string name, string value) => new WireWriter().Text(1, name).Text(4, value).Number(20, 3);

    public static WireWriter Attribute(string name, params float[] values)
    {
        WireWriter attribute = new WireWriter().Text(1, name);
        foreach (float value in values)
        {
            attribute.Float(7, value);
        }

        return attribute.Number(20, 6);
    }

    public static WireWriter Attribute(string name, params long[] values)
    {
        WireWriter attribute = new WireWriter().Text(1, name);
        foreach (long value in values)
        {
            attribute.Number(8, value);
        }

        return attribute.Number(20, 7);
    }

    public static WireWriter Attribute(string name, params string[] values)
    {
        WireWriter attribute = new WireWriter().Text(1, name);
        foreach (string value in values)
        {
            attribute.Text(9, value);
        }

        return attribute.Number(20, 8);
    }

    /// <summary>A tensor that is taken or given; −1 stands for the records, and no dimension for a shape that is not told.</summary>
    public static WireWriter Value(string name, int type, params int[] shape)
    {
        WireWriter tensor = new WireWriter().Number(1, type);
        if (shape.Length > 0)
        {
            tensor.Message(2, new WireWriter().Messages(1, shape.Select(dimension => dimension < 0
                ? new WireWriter().Text(2, "N")
                : new WireWriter().Number(1, dimension))));
        }

        return new WireWriter().Text(1, name).Message(2, new WireWriter().Message(1, tensor));
    }

    /// <summary>A constant of floats.</summary>
    public static WireWriter Constant(string name, int[] shape, params float[] values)
    {
        WireWriter tensor = new();
        foreach (int dimension in shape)
        {
            tensor.Number(1, dimension);
        }

        byte[] bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return tensor.Number(2, OfFloat).Text(8, name).Bytes(9, bytes);
    }

    /// <summary>A constant of whole numbers.</summary>
    public static WireWriter Constant(string name, int[] shape, params long[] values)
    {
        WireWriter tensor = new();
        foreach (int dimension in shape)
        {
            tensor.Number(1, dimension);
        }

        byte[] bytes = new byte[values.Length * sizeof(long)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return tensor.Number(2, OfInt64).Text(8, name).Bytes(9, bytes);
    }

    /// <summary><c>y = Σ weight · x + bias</c>, of one tensor x of so many values.</summary>
    public static byte[] Linear(float bias, float[] weights, params (string Key, string Value)[] metadata) => Model(
        Graph(
            [Node("Gemm", ["x", "w", "b"], ["y"])],
            [Value("x", OfFloat, -1, weights.Length)],
            [Value("y", OfFloat, -1, 1)],
            Constant("w", [weights.Length, 1], weights),
            Constant("b", [1], bias)),
        metadata: metadata);

    /// <summary>
    /// A forest as learners make it: trees of so many levels over one tensor of so many values, whose leaves add up. Which value a node
    /// looks at, and against what, follows from its place.
    /// </summary>
    public static byte[] Forest(int features, int trees, int depth)
    {
        List<long> tree = [], node = [], feature = [], yes = [], no = [], leafTree = [], leafNode = [];
        List<float> value = [], weight = [];
        List<string> mode = [];
        int inner = (1 << depth) - 1;
        for (int t = 0; t < trees; t++)
        {
            for (int n = 0; n < (2 * inner) + 1; n++)
            {
                bool isLeaf = n >= inner;
                tree.Add(t);
                node.Add(n);
                feature.Add(isLeaf ? 0 : (n + t) % features);
                value.Add(isLeaf ? 0 : (((n * 37) + (t * 11)) % 200 / 10f) - 10);
                mode.Add(isLeaf ? "LEAF" : "BRANCH_LEQ");
                yes.Add(isLeaf ? 0 : (2 * n) + 1);
                no.Add(isLeaf ? 0 : (2 * n) + 2);
                if (isLeaf)
                {
                    leafTree.Add(t);
                    leafNode.Add(n);
                    weight.Add(((n * 7) + t) % 13 / 13f / trees);
                }
            }
        }

        return Model(Graph(
            [
                Node(
                    "TreeEnsembleRegressor", ["x"], ["y"], "ai.onnx.ml",
                    Attribute("n_targets", 1L), Attribute("post_transform", "NONE"),
                    Attribute("nodes_treeids", [.. tree]), Attribute("nodes_nodeids", [.. node]), Attribute("nodes_featureids", [.. feature]),
                    Attribute("nodes_values", [.. value]), Attribute("nodes_modes", [.. mode]), Attribute("nodes_truenodeids", [.. yes]),
                    Attribute("nodes_falsenodeids", [.. no]), Attribute("target_treeids", [.. leafTree]),
                    Attribute("target_nodeids", [.. leafNode]), Attribute("target_ids", new long[leafNode.Count]),
                    Attribute("target_weights", [.. weight])),
            ],
            [Value("x", OfFloat, -1, features)],
            [Value("y", OfFloat, -1, 1)]));
    }
}
